import type { Size } from '../../data/dataset.js';
import { sharp } from '../../data/sharp.js';
import type { LabelClass } from '../../shared/classes.js';

const CHANNELS = 3;
const BLACK = [0, 0, 0];
/** White pixels between two pictures. */
const GAP = 4;

/** Rows of RGB pictures of one size, each of 8 bits a channel, `[H, W, 3]` flattened. */
export interface PictureGrid extends Size {
  readonly rows: readonly (readonly Uint8Array[])[];
}

/** An encoded picture and its size. */
export interface EncodedPicture extends Size {
  readonly png: Uint8Array;
}

/**
 * Draws pictures beside and above each other and encodes them as one PNG.
 * @param maxWidth - what it is scaled down to where it is wider. @defaultValue none
 */
export async function encodeGrid(
  { rows, height, width }: PictureGrid,
  maxWidth = Infinity,
): Promise<EncodedPicture> {
  const columns = Math.max(...rows.map((row) => row.length));
  const canvas = {
    width: columns * (width + GAP) - GAP,
    height: rows.length * (height + GAP) - GAP,
  };
  const pixels = new Uint8Array(canvas.width * canvas.height * CHANNELS).fill(255);
  rows.forEach((row, i) =>
    row.forEach((picture, j) => {
      const start = i * (height + GAP) * canvas.width + j * (width + GAP);
      for (let y = 0; y < height; y++) {
        const line = picture.subarray(y * width * CHANNELS, (y + 1) * width * CHANNELS);
        pixels.set(line, (start + y * canvas.width) * CHANNELS);
      }
    }),
  );
  const { data, info } = await sharp(pixels, { raw: { ...canvas, channels: CHANNELS } })
    .resize({ width: Math.min(canvas.width, maxWidth) })
    .png()
    .toBuffer({ resolveWithObject: true });
  return { png: data, width: info.width, height: info.height };
}

/** Paints class numbers in their classes' colours, and black what is no class. */
export function toColors(
  labels: ArrayLike<number>,
  classes: readonly Pick<LabelClass, 'color'>[],
): Uint8Array {
  const pixels = new Uint8Array(labels.length * CHANNELS);
  for (let i = 0; i < labels.length; i++) {
    pixels.set(classes[labels[i]!]?.color ?? BLACK, i * CHANNELS);
  }
  return pixels;
}

/** Turns shares of 1 into 8 bits. */
export function toBytes(shares: Float32Array): Uint8Array {
  return Uint8Array.from(shares, (share) => Math.round(share * 255));
}
