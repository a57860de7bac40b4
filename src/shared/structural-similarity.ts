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
 * that memory is a few rows.
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
  let total = 0;
  for (let y = 0; y < height; y++) {
    readLuma(a, b, { start: 3 * y * width, width }, maps);
    for (const map of maps) keepBlurredRow(map, y);
    if (y < 2 * REACH) continue;
    for (const map of maps) blurAlongY(map, y);
    total += sumOfSimilarities(maps, columns);
  }
  return total / (rows * columns);
}

/** A map on its way through the two blurs. */
interface BlurredMap {
  /** The map's newest row. */
  readonly row: Float64Array;
  /**
   * The last eleven rows, blurred along x: row `y` lies at `y % 11` and again at `y % 11 + 11`, so that any eleven rows
   * lie one below the other somewhere.
   */
  readonly rows: Float64Array;
  /** The newest row of the map blurred along both axes. */
  readonly blurred: Float64Array;
}

function createMap(columns: number): BlurredMap {
  // Rows are blurred four values at a time; what stands behind the last column is never summed.
  const padded = Math.ceil(columns / 4) * 4;
  return {
    row: new Float64Array(padded + 2 * REACH),
    rows: new Float64Array(2 * SSIM_WINDOW * padded),
    blurred: new Float64Array(padded),
  };
}

/** The four maps: of the lumas' sum and difference, and of the squares of both. */
type Maps = readonly [s: BlurredMap, d: BlurredMap, ss: BlurredMap, dd: BlurredMap];

function readLuma(
  a: Uint8Array,
  b: Uint8Array,
  { start, width }: { readonly start: number; readonly width: number },
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

// Both blurs are written out tap by tap over one array: loops over the taps, or an array a row, take twice the time.

function keepBlurredRow({ row, rows, blurred: { length: columns } }: BlurredMap, y: number): void {
  const start = (y % SSIM_WINDOW) * columns;
  for (let x = 0; x < columns; x += 4) {
    // Fourteen values are read for four blurred ones, not forty-four.
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
  rows.copyWithin(start + SSIM_WINDOW * columns, start, start + columns);
}

function blurAlongY({ rows, blurred }: BlurredMap, y: number): void {
  const n = blurred.length;
  const r0 = ((y + 1) % SSIM_WINDOW) * n;
  const r1 = r0 + n;
  const r2 = r1 + n;
  const r3 = r2 + n;
  const r4 = r3 + n;
  const r5 = r4 + n;
  const r6 = r5 + n;
  const r7 = r6 + n;
  const r8 = r7 + n;
  const r9 = r8 + n;
  const r10 = r9 + n;
  for (let x = 0; x < n; x++) {
    blurred[x] =
      T0 * (rows[r0 + x]! + rows[r10 + x]!) +
      T1 * (rows[r1 + x]! + rows[r9 + x]!) +
      T2 * (rows[r2 + x]! + rows[r8 + x]!) +
      T3 * (rows[r3 + x]! + rows[r7 + x]!) +
      T4 * (rows[r4 + x]! + rows[r6 + x]!) +
      T5 * rows[r5 + x]!;
  }
}

/** With μ the mean, σ² the variance and σab the covariance: (2μaμb + C1)(2σab + C2) / (μa² + μb² + C1)(σa² + σb² + C2). */
function sumOfSimilarities(
  [{ blurred: s }, { blurred: d }, { blurred: ss }, { blurred: dd }]: Maps,
  columns: number,
): number {
  let total = 0;
  for (let x = 0; x < columns; x++) {
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
