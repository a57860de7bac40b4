import type { Rgb8 } from './controls/control.js';
import { sharp } from './sharp.js';

/** Encodes a picture of 8 bits a channel as PNG: nothing is lost. */
export function encodePicturePng({ data, height, width }: Rgb8): Promise<Buffer> {
  return sharp(data, { raw: { height, width, channels: 3 } })
    .png({ compressionLevel: 6 })
    .toBuffer();
}
