import type { Size } from '../../data/dataset.js';
import type { SeenScene } from '../count-scene.js';

/** The picture is divided into so many places. */
export const PLACES = { rows: 6, columns: 8 } as const;
/** Pixels so near to another label count as border, as the trimaps of Kohli et al. 2009 have it. */
export const BORDER = 3;

/** Sums that pixels are counted in, as `AuditSums` has them. */
interface PixelSums {
  readonly places: Float64Array;
  readonly borders: Float64Array;
  readonly flow: Float64Array;
}

/** Counts a scene's pixels: wrong ones by place and at borders, and what the attack makes of them. */
export function addPixels(
  { places, borders, flow }: PixelSums,
  { label, before, attack }: SeenScene,
  options: { readonly classCount: number; readonly ignoreIndex: number; readonly size: Size },
): void {
  const { classCount, ignoreIndex, size } = options;
  const { height, width } = size;
  const after = attack?.after ?? before;
  const isBorder = findBorders(label, size);
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * PLACES.rows) / height) * PLACES.columns;
    for (let column = 0; column < PLACES.columns; column++) {
      const [from, to] = [column, column + 1].map(
        (edge) => y * width + Math.ceil((edge * width) / PLACES.columns),
      ) as [number, number];
      // Labelled, wrong, wrong after: of the pixels inside, and at borders.
      let [inside, insideWrong, insideAfter, edge, edgeWrong, edgeAfter] = [0, 0, 0, 0, 0, 0];
      for (let i = from; i < to; i++) {
        const given = label[i]!;
        if (given === ignoreIndex) continue;
        const wrong = before[i] === given ? 0 : 1;
        const wrongAfter = after[i] === given ? 0 : 1;
        if (isBorder[i] === 0) {
          inside++;
          insideWrong += wrong;
          insideAfter += wrongAfter;
        } else {
          edge++;
          edgeWrong += wrong;
          edgeAfter += wrongAfter;
        }
      }
      add(
        places,
        3 * (row + column),
        inside + edge,
        insideWrong + edgeWrong,
        insideAfter + edgeAfter,
      );
      add(borders, 0, inside, insideWrong, insideAfter);
      add(borders, 3, edge, edgeWrong, edgeAfter);
    }
  }
  if (attack === null) return;
  for (let i = 0; i < before.length; i++) flow[before[i]! * classCount + after[i]!]!++;
}

function add(
  sums: Float64Array,
  at: number,
  pixels: number,
  wrong: number,
  wrongAfter: number,
): void {
  sums[at]! += pixels;
  sums[at + 1]! += wrong;
  sums[at + 2]! += wrongAfter;
}

/** 1 where another label lies within {@link BORDER} pixels along both axes, else 0. */
function findBorders(label: Uint8Array, { height, width }: Size): Uint8Array {
  const changes = new Uint8Array(label.length);
  for (let y = 0, i = 0; y < height; y++) {
    const below = y + 1 < height ? width : 0;
    for (let x = 0; x < width; x++, i++) {
      const own = label[i]!;
      if (own !== label[i + below]) changes[i] = changes[i + below] = 1;
      if (x + 1 < width && own !== label[i + 1]) changes[i] = changes[i + 1] = 1;
    }
  }
  const borders = new Uint8Array(label.length);
  const reach = BORDER - 1;
  for (let y = 0, i = 0; y < height; y++) {
    const [top, bottom] = [Math.max(0, y - reach), Math.min(height - 1, y + reach)];
    for (let x = 0; x < width; x++, i++) {
      if (changes[i] === 0) continue;
      const first = x;
      while (x + 1 < width && changes[i + 1] === 1) [x, i] = [x + 1, i + 1]; // Changes side by side at once.
      const left = Math.max(0, first - reach);
      const right = Math.min(width - 1, x + reach);
      for (let row = top * width; row <= bottom * width; row += width) {
        for (let at = row + left; at <= row + right; at++) borders[at] = 1;
      }
    }
  }
  return borders;
}
