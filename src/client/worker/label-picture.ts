import { SegprobeError } from '../../shared/errors.js';
import { resizeLabelMap } from '../../shared/label-map.js';
import type { ModelFacts } from '../../shared/manifest.js';
import type { Size } from '../../shared/size.js';
import type { RgbPicture } from './rgb-picture.js';

/** In files of class numbers, "not labelled" where the data set has no number for it. */
const UNLABELLED = 255;

/**
 * Reads what is right at each pixel from a picture: class numbers as grey values, or the classes' colours.
 *
 * @param label - in the size of the picture's file.
 * @param size - what the picture is worked on in.
 * @returns class numbers `[H, W]` flattened, of that size; the number behind the last class where nothing is known.
 * @throws SegprobeError `SHAPE_MISMATCH` for a label of another size, `LABEL_INVALID` for values that are no class.
 */
export function readLabelPicture(
  label: RgbPicture,
  { classes, palette, ignoreIndex }: Pick<ModelFacts, 'classes' | 'palette' | 'ignoreIndex'>,
  { original, size }: { readonly original: Size; readonly size: Size },
): Uint8Array {
  if (label.height !== original.height || label.width !== original.width) {
    throw new SegprobeError(
      'SHAPE_MISMATCH',
      `expected a label of ${original.width}×${original.height}, as its picture is, got ${label.width}×${label.height}`,
    );
  }
  const unknown = Math.min(ignoreIndex, classes.length);
  const byColor = new Map(palette.map(([red, green, blue], k) => [packed(red, green, blue), k]));
  const numberOf = isGrey(label.data)
    ? (value: number) =>
        classNumber(value & 255, { classCount: classes.length, ignoreIndex, unknown })
    : (value: number) => byColor.get(value);
  const labels = new Uint8Array(label.height * label.width);
  for (let i = 0, at = 0; i < labels.length; i++, at += 3) {
    const [red, green, blue] = [label.data[at]!, label.data[at + 1]!, label.data[at + 2]!];
    const number = numberOf(packed(red, green, blue));
    if (number === undefined) {
      throw new SegprobeError(
        'LABEL_INVALID',
        `expected class numbers 0..${classes.length - 1} as grey values, or the classes' colours, got the colour ${red}, ${green}, ${blue}`,
      );
    }
    labels[i] = number;
  }
  return resizeLabelMap(labels, label, size);
}

function classNumber(
  value: number,
  options: { readonly classCount: number; readonly ignoreIndex: number; readonly unknown: number },
): number | undefined {
  if (value < options.classCount) return value;
  return value === options.ignoreIndex || value === UNLABELLED ? options.unknown : undefined;
}

function isGrey(rgb: Uint8Array): boolean {
  for (let at = 0; at < rgb.length; at += 3) {
    if (rgb[at] !== rgb[at + 1] || rgb[at] !== rgb[at + 2]) return false;
  }
  return true;
}

function packed(red: number, green: number, blue: number): number {
  return (red << 16) | (green << 8) | blue;
}
