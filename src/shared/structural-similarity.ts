import type { Size } from './size.js';

/** Taps of the window along each axis. */
export const SSIM_WINDOW = 11;
/** The window's standard deviation in pixels. */
const SIGMA = 1.5;
const REACH = (SSIM_WINDOW - 1) / 2;

/** The Gaussian from its edge to its middle: it is symmetric, and its eleven taps sum to 1. */
const [T0, T1, T2, T3, T4, T5] = gaussian();

/** Keep the quotients finite where a window is flat or black: (0.01 · 255)² and (0.03 · 255)². */
const C1 = 6.5025;
const C2 = 58.5225;

/**
 * Computes the structural similarity of two pictures of 8 bits: the mean over all windows that lie within the picture,
 * 11×11 Gaussian with σ 1.5, of the luma (0.299 R + 0.587 G + 0.114 B), as the paper does.
 *
 * Four blurred maps suffice: of the sum s and the difference d of the two lumas, and of s² and d², since
 * 2xy = (s² − d²) / 2 and x² + y² = (s² + d²) / 2. Rows are blurred along x once and kept while a window needs them, so
 * that memory is a few dozen rows.
 *
 * @param a - RGB, `[H, W, 3]` flattened.
 * @param b - RGB, the same shape.
 * @returns −1..1, 1 for equal pictures; null where the picture is smaller than the window.
 * @see Wang, Bovik, Sheikh, Simoncelli: Image quality assessment: from error visibility to structural similarity, 2004
 */
export function structuralSimilarity(
  a: Uint8Array,
  b: Uint8Array,
  { height, width }: Size,
): number | null {
  const columns = width - 2 * REACH;
  const rows = height - 2 * REACH;
  if (columns < 1 || rows < 1) return null;
  const maps = [
    createMap(columns),
    createMap(columns),
    createMap(columns),
    createMap(columns),
  ] as const;
  const luma = { a, b, width };
  for (let y = 0; y < 2 * REACH; y++) blurAlongX(maps, luma, { y, kept: y });
  let total = 0;
  for (let top = 0; top < rows; top += BAND) {
    const band = Math.min(BAND, rows - top);
    for (let i = 0; i < band; i++) {
      const kept = 2 * REACH + i;
      blurAlongX(maps, luma, { y: top + kept, kept });
    }
    for (let first = 0; first < band; first += 4) {
      for (const map of maps) blurAlongY(map, first);
      for (let row = first; row < Math.min(first + 4, band); row++) {
        total += sumOfSimilarities(maps, row - first, columns);
      }
    }
    for (const map of maps) keepLastRows(map, band);
  }
  return total / (rows * columns);
}

/** Rows of windows whose rows are blurred at a time, four by four. */
const BAND = 32;

/** A map on its way through the two blurs. */
interface BlurredMap {
  /** Columns of the arrays below, a multiple of four. */
  readonly columns: number;
  /** The map's newest row. */
  readonly row: Float64Array;
  /** Rows blurred along x, one below the other: ten of the windows above, then a band's. */
  readonly rows: Float64Array;
  /** Four rows of the map blurred along both axes. */
  readonly blurred: Float64Array;
}

function createMap(windows: number): BlurredMap {
  // Rows are blurred four values at a time; what stands behind the last window is never summed.
  const columns = Math.ceil(windows / 4) * 4;
  return {
    columns,
    row: new Float64Array(columns + 2 * REACH),
    rows: new Float64Array((BAND + 2 * REACH) * columns),
    blurred: new Float64Array(4 * columns),
  };
}

function keepLastRows({ rows, columns }: BlurredMap, band: number): void {
  rows.copyWithin(0, band * columns, (band + 2 * REACH) * columns);
}

/** The four maps: of the lumas' sum and difference, and of the squares of both. */
type Maps = readonly [s: BlurredMap, d: BlurredMap, ss: BlurredMap, dd: BlurredMap];

/** Two pictures of one width. */
interface Pair {
  readonly a: Uint8Array;
  readonly b: Uint8Array;
  readonly width: number;
}

/** Blurs row `y` of the four maps along x, and keeps it as row `kept`. */
function blurAlongX(maps: Maps, pair: Pair, { y, kept }: { y: number; kept: number }): void {
  readLuma(pair, 3 * y * pair.width, maps);
  for (const map of maps) blurRow(map, kept * map.columns);
}

function readLuma(
  { a, b, width }: Pair,
  start: number,
  [{ row: s }, { row: d }, { row: ss }, { row: dd }]: Maps,
): void {
  for (let x = 0, i = start; x < width; x++, i += 3) {
    const first = 0.299 * a[i]! + 0.587 * a[i + 1]! + 0.114 * a[i + 2]!;
    const second = 0.299 * b[i]! + 0.587 * b[i + 1]! + 0.114 * b[i + 2]!;
    const sum = first + second;
    const difference = first - second;
    s[x] = sum;
    d[x] = difference;
    ss[x] = sum * sum;
    dd[x] = difference * difference;
  }
}

// Both blurs are written out tap by tap, and make four values of fourteen: one at a time would read forty-four, and each is
// checked to lie within its array.

function blurRow({ row, rows, columns }: BlurredMap, start: number): void {
  for (let x = 0; x < columns; x += 4) {
    const a = row[x]!;
    const b = row[x + 1]!;
    const c = row[x + 2]!;
    const d = row[x + 3]!;
    const e = row[x + 4]!;
    const f = row[x + 5]!;
    const g = row[x + 6]!;
    const h = row[x + 7]!;
    const i = row[x + 8]!;
    const j = row[x + 9]!;
    const k = row[x + 10]!;
    const l = row[x + 11]!;
    const m = row[x + 12]!;
    const n = row[x + 13]!;
    const at = start + x;
    rows[at] = T0 * (a + k) + T1 * (b + j) + T2 * (c + i) + T3 * (d + h) + T4 * (e + g) + T5 * f;
    rows[at + 1] =
      T0 * (b + l) + T1 * (c + k) + T2 * (d + j) + T3 * (e + i) + T4 * (f + h) + T5 * g;
    rows[at + 2] =
      T0 * (c + m) + T1 * (d + l) + T2 * (e + k) + T3 * (f + j) + T4 * (g + i) + T5 * h;
    rows[at + 3] =
      T0 * (d + n) + T1 * (e + m) + T2 * (f + l) + T3 * (g + k) + T4 * (h + j) + T5 * i;
  }
}

/** Blurs the rows from `first` on along y, to the four rows of windows that begin there. */
function blurAlongY({ rows, blurred, columns: n }: BlurredMap, first: number): void {
  for (let x = 0, at = first * n; x < n; x++, at++) {
    const a = rows[at]!;
    const b = rows[at + n]!;
    const c = rows[at + 2 * n]!;
    const d = rows[at + 3 * n]!;
    const e = rows[at + 4 * n]!;
    const f = rows[at + 5 * n]!;
    const g = rows[at + 6 * n]!;
    const h = rows[at + 7 * n]!;
    const i = rows[at + 8 * n]!;
    const j = rows[at + 9 * n]!;
    const k = rows[at + 10 * n]!;
    const l = rows[at + 11 * n]!;
    const m = rows[at + 12 * n]!;
    const o = rows[at + 13 * n]!;
    blurred[x] = T0 * (a + k) + T1 * (b + j) + T2 * (c + i) + T3 * (d + h) + T4 * (e + g) + T5 * f;
    blurred[x + n] =
      T0 * (b + l) + T1 * (c + k) + T2 * (d + j) + T3 * (e + i) + T4 * (f + h) + T5 * g;
    blurred[x + 2 * n] =
      T0 * (c + m) + T1 * (d + l) + T2 * (e + k) + T3 * (f + j) + T4 * (g + i) + T5 * h;
    blurred[x + 3 * n] =
      T0 * (d + o) + T1 * (e + m) + T2 * (f + l) + T3 * (g + k) + T4 * (h + j) + T5 * i;
  }
}

/** With μ the mean, σ² the variance and σab the covariance: (2μaμb + C1)(2σab + C2) / (μa² + μb² + C1)(σa² + σb² + C2). */
function sumOfSimilarities(
  [{ blurred: s, columns }, { blurred: d }, { blurred: ss }, { blurred: dd }]: Maps,
  row: number,
  windows: number,
): number {
  let total = 0;
  for (let x = row * columns, end = x + windows; x < end; x++) {
    const meanS = s[x]! * s[x]!;
    const meanD = d[x]! * d[x]!;
    const products = (meanS - meanD) / 2; // 2μaμb
    const squares = (meanS + meanD) / 2; // μa² + μb²
    const covariance = (ss[x]! - dd[x]!) / 2 - products; // 2σab
    const variances = (ss[x]! + dd[x]!) / 2 - squares; // σa² + σb²
    total += ((products + C1) * (covariance + C2)) / ((squares + C1) * (variances + C2));
  }
  return total;
}

function gaussian(): [number, number, number, number, number, number] {
  const half = Array.from({ length: REACH + 1 }, (_, i) => {
    const distance = (REACH - i) / SIGMA;
    return Math.exp(-(distance ** 2) / 2);
  });
  const sum = 2 * half.reduce((total, tap) => total + tap, 0) - half[REACH]!;
  return half.map((tap) => tap / sum) as ReturnType<typeof gaussian>;
}
