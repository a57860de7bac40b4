import { simd } from './simd.js';

/**
 * Turns a picture into a model's input: channels first, 0..255 to 0..1, to float32's nearest.
 *
 * @param rgb - uint8 `[H, W, 3]` flattened.
 * @returns float32 `[1, 3, H, W]` flattened: `[c * H * W + y * W + x]`.
 */
export function toImageTensor(rgb: Uint8Array): Float32Array<ArrayBuffer> {
  const pixels = rgb.length / 3;
  const tensor = new Float32Array(rgb.length);
  const { wasm, bytes, planes, block } = blocks();
  for (let start = 0; start < pixels; start += block) {
    const end = Math.min(start + block, pixels);
    bytes.set(rgb.subarray(3 * start, 3 * end));
    wasm.bytesToPlanes();
    for (const [c, plane] of planes.entries()) {
      tensor.set(plane.subarray(0, end - start), c * pixels + start);
    }
  }
  return tensor;
}

/**
 * Turns a model's picture into 8 bits a channel, as a picture file holds it: 0..1 to 0..255, rounded to the nearest, halves
 * to the even one (as NumPy and PyTorch do); what lies outside 0..1 is cut off, what is no number is black.
 *
 * @param tensor - float32 `[1, 3, H, W]` flattened.
 * @returns uint8 `[H, W, 3]` flattened.
 */
export function fromImageTensor(tensor: Float32Array): Uint8Array<ArrayBuffer> {
  const pixels = tensor.length / 3;
  const rgb = new Uint8Array(tensor.length);
  const { wasm, bytes, planes, block } = blocks();
  for (let start = 0; start < pixels; start += block) {
    const end = Math.min(start + block, pixels);
    for (const [c, plane] of planes.entries()) {
      plane.set(tensor.subarray(c * pixels + start, c * pixels + end));
    }
    wasm.planesToBytes();
    rgb.set(bytes.subarray(0, 3 * (end - start)), 3 * start);
  }
  return rgb;
}

/** The functions, and where they take and leave a block of pixels: as bytes, and as three planes. */
function blocks() {
  const wasm = simd();
  const block = wasm.imageBlock();
  const { buffer } = wasm.memory;
  const bytes = new Uint8Array(buffer, wasm.imageBytes(), 3 * block);
  const planes = [0, 1, 2].map(
    (c) => new Float32Array(buffer, wasm.imagePlanes() + 4 * c * block, block),
  );
  return { wasm, bytes, planes, block };
}
