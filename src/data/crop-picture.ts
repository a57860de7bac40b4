import type { Rgb8 } from './controls/control.js';
import { sharp } from './sharp.js';

export interface CropOptions {
  /** In pixels; x1 and y1 exclusive. */
  readonly box: readonly [x0: number, y0: number, x1: number, y1: number];
  /** How wide it is drawn. */
  readonly width: number;
  /** `photo`: smoothly, as JPEG; `labels`: to the nearest pixel, as PNG. */
  readonly as: 'photo' | 'labels';
}

/** Cuts a box out of a picture, enlarges or reduces it, and encodes it. */
export function cropPicture(
  { data, height, width }: Rgb8,
  { box: [x0, y0, x1, y1], width: drawnWidth, as }: CropOptions,
): Promise<Buffer> {
  const cut = sharp(data, { raw: { height, width, channels: 3 } }).extract({
    ...{ left: x0, top: y0, width: x1 - x0, height: y1 - y0 },
  });
  return as === 'photo'
    ? cut.resize({ width: drawnWidth, kernel: 'cubic' }).jpeg({ quality: 85 }).toBuffer()
    : cut
        .resize({ width: drawnWidth, kernel: 'nearest' })
        .png({ palette: true, compressionLevel: 9 })
        .toBuffer();
}
