/** Each 8-bit value as a share of 255, to float32's nearest. */
const SHARES = Float32Array.from({ length: 256 }, (_, value) => value / 255);

/**
 * Turns a picture into a model's input: channels first, 0..255 to 0..1.
 *
 * @param rgb - uint8 `[H, W, 3]` flattened.
 * @returns float32 `[1, 3, H, W]` flattened: `[c * H * W + y * W + x]`.
 */
export function toImageTensor(rgb: Uint8Array): Float32Array<ArrayBuffer> {
  const pixels = rgb.length / 3;
  const tensor = new Float32Array(rgb.length);
  for (let i = 0, at = 0; i < pixels; i++) {
    tensor[i] = SHARES[rgb[at++]!]!;
    tensor[pixels + i] = SHARES[rgb[at++]!]!;
    tensor[2 * pixels + i] = SHARES[rgb[at++]!]!;
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
  // Stores of this kind of array round and cut off by themselves.
  const rgb = new Uint8ClampedArray(tensor.length);
  for (let i = 0, at = 0; i < pixels; i++) {
    rgb[at++] = tensor[i]! * 255;
    rgb[at++] = tensor[pixels + i]! * 255;
    rgb[at++] = tensor[2 * pixels + i]! * 255;
  }
  return new Uint8Array(rgb.buffer);
}
