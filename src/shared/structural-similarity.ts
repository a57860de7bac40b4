/** Height and width in pixels. */
interface Size {
  readonly height: number;
  readonly width: number;
}

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
  const maps = Array.from({ length: 4 }, () => createMap(width, columns));
  const [s, d, ss, dd] = maps as [BlurredMap, BlurredMap, BlurredMap, BlurredMap];
  let total = 0;
  for (let y = 0; y < height; y++) {
    readLuma(a, b, 3 * y * width, s.row, d.row);
    square(s.row, ss.row);
    square(d.row, dd.row);
    for (const map of maps) keepBlurredRow(map, y);
    if (y < 2 * REACH) continue;
    for (const map of maps) blurAlongY(map, y);
    total += sumOfSimilarities(s.blurred, d.blurred, ss.blurred, dd.blurred);
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

function createMap(width: number, columns: number): BlurredMap {
  return {
    row: new Float64Array(width),
    rows: new Float64Array(2 * SSIM_WINDOW * columns),
    blurred: new Float64Array(columns),
  };
}

function readLuma(
  a: Uint8Array,
  b: Uint8Array,
  start: number,
  sum: Float64Array,
  difference: Float64Array,
): void {
  for (let x = 0, i = start; x < sum.length; x++, i += 3) {
    const first = 0.299 * a[i]! + 0.587 * a[i + 1]! + 0.114 * a[i + 2]!;
    const second = 0.299 * b[i]! + 0.587 * b[i + 1]! + 0.114 * b[i + 2]!;
    sum[x] = first + second;
    difference[x] = first - second;
  }
}

function square(row: Float64Array, squared: Float64Array): void {
  for (let x = 0; x < row.length; x++) squared[x] = row[x]! * row[x]!;
}

// Both blurs are written out tap by tap over one array: loops over the taps, or an array a row, take twice the time.

function keepBlurredRow({ row, rows, blurred: { length: columns } }: BlurredMap, y: number): void {
  const start = (y % SSIM_WINDOW) * columns;
  for (let x = 0; x < columns; x++) {
    rows[start + x] =
      T0 * (row[x]! + row[x + 10]!) +
      T1 * (row[x + 1]! + row[x + 9]!) +
      T2 * (row[x + 2]! + row[x + 8]!) +
      T3 * (row[x + 3]! + row[x + 7]!) +
      T4 * (row[x + 4]! + row[x + 6]!) +
      T5 * row[x + 5]!;
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
  s: Float64Array,
  d: Float64Array,
  ss: Float64Array,
  dd: Float64Array,
): number {
  let total = 0;
  for (let x = 0; x < s.length; x++) {
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
