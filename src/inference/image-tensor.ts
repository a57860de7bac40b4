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
    tensor[i] = rgb[at++]! / 255;
    tensor[pixels + i] = rgb[at++]! / 255;
    tensor[2 * pixels + i] = rgb[at++]! / 255;
  }
  return tensor;
}
