import type { Size } from '../../shared/size.js';

/** A picture: RGB, 8 bits a channel, `[H, W, 3]` flattened. */
export interface RgbPicture extends Size {
  readonly data: Uint8Array<ArrayBuffer>;
}

/** Drops the opacity: RGBA `[H, W, 4]` to RGB `[H, W, 3]`. */
export function fromRgba(rgba: Uint8ClampedArray, { height, width }: Size): RgbPicture {
  const pixels = height * width;
  const data = new Uint8Array(3 * pixels);
  for (let i = 0, from = 0, to = 0; i < pixels; i++, from += 4) {
    data[to++] = rgba[from]!;
    data[to++] = rgba[from + 1]!;
    data[to++] = rgba[from + 2]!;
  }
  return { height, width, data };
}

/** Adds full opacity: RGB `[H, W, 3]` to RGBA `[H, W, 4]`. */
export function toRgba(rgb: Uint8Array): Uint8ClampedArray<ArrayBuffer> {
  const pixels = rgb.length / 3;
  const rgba = new Uint8ClampedArray(4 * pixels);
  for (let i = 0, from = 0, to = 0; i < pixels; i++, to += 4) {
    rgba[to] = rgb[from++]!;
    rgba[to + 1] = rgb[from++]!;
    rgba[to + 2] = rgb[from++]!;
    rgba[to + 3] = 255;
  }
  return rgba;
}
