import { SegprobeError } from '../shared/errors.js';
import { decodeLabel } from './decode-label.js';
import { decodePicture } from './decode.js';
import type { Scene, Size } from './dataset.js';
import type { LabelCoding } from './label-coding.js';

/** Where a scene's picture and its label lie. */
export interface ScenePair {
  /** The stem that pairs them. */
  readonly name: string;
  readonly picture: string;
  readonly label: string;
}

/**
 * Reads a picture and its label from two files, both decoded on libuv's threads.
 *
 * @param size - the size to bring both to: the picture smoothly, the label to the nearest pixel.
 * @param coding - what the values in the label's file mean.
 * @throws SegprobeError `DATASET_INVALID` where the two files differ in size, and as `decodePicture` and `decodeLabel`.
 */
export async function readScene(
  { name, picture, label }: ScenePair,
  size: Size,
  coding: LabelCoding,
): Promise<Scene> {
  const [image, labelMap] = await Promise.all([
    decodePicture(picture, { size }),
    decodeLabel(label, { size, coding }),
  ]);
  const [expected, found] = [image.originalSize, labelMap.originalSize];
  if (expected.width !== found.width || expected.height !== found.height) {
    throw new SegprobeError(
      'DATASET_INVALID',
      `${label}: expected a label of ${expected.width}×${expected.height} like its picture ${picture}, ` +
        `got ${found.width}×${found.height}`,
    );
  }
  return { name, ...size, image: image.data, label: labelMap.data, originalSize: expected };
}
