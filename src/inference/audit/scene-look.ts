import type { Size } from '../../data/dataset.js';
import type { SeenScene } from '../count-scene.js';
import type { LabelScores } from './score-session.js';

/** What a picture looks like. */
export interface SceneLook {
  /** Mean luma of the picture, 0..1. */
  readonly brightness: number;
  /** Figures that outliers are told by: colours, contrast, detail, how sure the victim is, the share of each class that it sees. */
  readonly look: readonly number[];
}

/** Sums up what a picture looks like. */
export function lookOf(
  { image, before }: SeenScene,
  { confidence }: LabelScores,
  { classCount, size }: { readonly classCount: number; readonly size: Size },
): SceneLook {
  const pixels = size.height * size.width;
  const { sums, squares, detail } = coloursOf(image);
  const means = sums.map((sum) => sum / pixels / 255);
  const deviations = squares.map((sum, c) =>
    Math.sqrt(Math.max(0, sum / pixels / 255 ** 2 - means[c]! ** 2)),
  );
  const counts = new Uint32Array(classCount);
  let sureness = 0;
  for (let i = 0; i < pixels; i++) {
    counts[before[i]!]!++;
    sureness += confidence[i]!;
  }
  const shares = Array.from(counts, (count) => count / pixels);
  const [red, green, blue] = means as [number, number, number];
  return {
    brightness: 0.299 * red + 0.587 * green + 0.114 * blue, // BT.601
    look: [...means, ...deviations, detail / pixels / 255, sureness / pixels, ...shares],
  };
}

/** Sums of red, green and blue, of their squares, and of the differences of neighbours' green: whole numbers, exact. */
function coloursOf(image: Uint8Array): {
  readonly sums: readonly number[];
  readonly squares: readonly number[];
  readonly detail: number;
} {
  const sums = [0, 0, 0];
  const squares = [0, 0, 0];
  let detail = 0;
  let last = image[1] ?? 0;
  for (let from = 0; from < image.length; from += PART) {
    let [red, green, blue, reds, greens, blues, changes] = [0, 0, 0, 0, 0, 0, 0];
    const to = Math.min(from + PART, image.length);
    for (let at = from; at < to; at += 3) {
      const r = image[at]!;
      const g = image[at + 1]!;
      const b = image[at + 2]!;
      red += r;
      green += g;
      blue += b;
      reds += r * r;
      greens += g * g;
      blues += b * b;
      changes += Math.abs(g - last);
      last = g;
    }
    [red, green, blue].forEach((sum, c) => (sums[c]! += sum));
    [reds, greens, blues].forEach((sum, c) => (squares[c]! += sum));
    detail += changes;
  }
  return { sums, squares, detail };
}

/** Values that are summed up at a time: sums of so many squares are integers of 31 bits, which are fast. */
const PART = 3 * 4096;
