import { resizeLabelMap } from '../shared/label-map.js';
import type { Size } from './dataset.js';
import { DEFAULT_MAX_PIXELS } from './decode.js';
import { toClassNumbers, type LabelCoding } from './label-coding.js';
import { readLabelValues } from './label-values.js';

/** A decoded label map. */
export interface LabelMap extends Size {
  /** Class numbers, `[H, W]` flattened. */
  readonly data: Uint8Array;
  /** The size in the file, before any resizing. */
  readonly originalSize: Size;
}

export interface DecodeLabelOptions {
  /** What the values in the file mean; every pixel must be a class. */
  readonly coding: LabelCoding;
  /** Resize to this size, to the nearest pixel. @defaultValue the file's own */
  readonly size?: Size;
  /** Names the label in messages. @defaultValue the path, or "the label" */
  readonly what?: string;
  /** Refuse more pixels than this, from the header alone. @defaultValue {@link DEFAULT_MAX_PIXELS} */
  readonly maxPixels?: number;
}

/**
 * Decodes a PNG of class numbers, or of values or colours that stand for them, exactly, on libuv's threads.
 *
 * @param input - a file's path, or its bytes.
 * @throws SegprobeError naming the label: `LABEL_INVALID` where it is no PNG of the kind that is coded or has a value that
 *   is no class (with the value and its first place), and as `decodePicture` where it cannot be read.
 */
export async function decodeLabel(
  input: Uint8Array | string,
  options: DecodeLabelOptions,
): Promise<LabelMap> {
  const { coding, maxPixels = DEFAULT_MAX_PIXELS } = options;
  const what = options.what ?? (typeof input === 'string' ? input : 'the label');
  const label = await readLabelValues(input, { kind: coding.kind, what, maxPixels });
  const { width, height } = label;
  const originalSize = { width, height };
  const size = options.size ?? originalSize;
  const data = resizeLabelMap(toClassNumbers(label, coding, what), originalSize, size);
  return { width: size.width, height: size.height, data, originalSize };
}
