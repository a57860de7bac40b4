import { blueOf, greenOf, redOf } from './rgb';

/** Taps of the window along each axis. */
const WINDOW: i32 = 11;
/** The Gaussian of σ 1.5 from its edge to its middle: eleven taps sum to 1. */
const T0: f32 = 0.0010283800844791092;
const T1: f32 = 0.007598758135239185;
const T2: f32 = 0.03600077212843083;
const T3: f32 = 0.10936068950970002;
const T4: f32 = 0.2130055377112537;
const T5: f32 = 0.26601172486179436;
/** (0.01 · 255)² and (0.03 · 255)². */
const C1: f32 = 6.5025;
const C2: f32 = 58.5225;

/** Columns of a strip at most: what is kept of it stays in a core's own cache. */
const STRIP: i32 = 1024;
/** Bytes of a row of a map: vectors are read and written whole, sixteen values more than a strip's. */
const STRIDE: i32 = 4 * (STRIP + 16);
/** Bytes from one row of all four maps to the next. */
const PITCH: i32 = 4 * STRIDE;
/** Rows blurred along x that there is room for; the last ten move to the top when it is full. */
const ROOM: i32 = 42;

/** The newest row of both pictures, RGB. */
const a = memory.data(3 * 1024 + 16, 16);
const b = memory.data(3 * 1024 + 16, 16);
/** The newest row of the four maps: of the lumas' sum s and difference d, and of s² and d². */
const maps = memory.data(4 * (4 * (1024 + 16)), 16);
/** The last rows of the four maps, blurred along x. */
const kept = memory.data(42 * 4 * (4 * (1024 + 16)), 16);

/** Columns of this strip. */
let width: i32 = 0;
/** Rows that are kept. */
let rows: i32 = 0;
let similarity: f64 = 0;

/** Columns of a strip at most. */
export function stripColumns(): i32 {
  return STRIP;
}

/** Where the caller puts a row of the first picture. */
export function firstRow(): usize {
  return a;
}

/** Where the caller puts a row of the second picture. */
export function secondRow(): usize {
  return b;
}

/** Begins a strip of two pictures, of at least eleven columns. */
export function beginSimilarity(columns: i32): void {
  width = columns;
  rows = 0;
  similarity = 0;
}

/** Takes in the next row of both pictures, which the caller has put in their places. */
export function addSimilarityRow(): void {
  if (rows == ROOM) keepLastRows();
  readLuma();
  const newest = kept + rows * PITCH;
  for (let at: i32 = 0; at < PITCH; at += STRIDE) blurAlongX(maps + at, newest + at);
  rows++;
  if (rows >= WINDOW) addSimilarities(newest - (WINDOW - 1) * PITCH);
}

/** The sum of the similarities of the strip's windows so far. */
export function sumOfSimilarities(): f64 {
  return similarity;
}

function keepLastRows(): void {
  rows = WINDOW - 1;
  memory.copy(kept, kept + (ROOM - rows) * PITCH, rows * PITCH);
}

/**
 * Reads the newest row's lumas into the maps, less the middle of their range: what is subtracted leaves variances as they
 * are, and float32 keeps more of them.
 */
function readLuma(): void {
  for (let x: i32 = 0; x < width; x += 4) {
    const first = lumaOfFour(v128.load(a + 3 * x));
    const second = lumaOfFour(v128.load(b + 3 * x));
    const s = f32x4.sub(f32x4.add(first, second), f32x4.splat(255));
    const d = f32x4.sub(first, second);
    const at = maps + 4 * x;
    v128.store(at, s);
    v128.store(at + STRIDE, d);
    v128.store(at + 2 * STRIDE, f32x4.mul(s, s));
    v128.store(at + 3 * STRIDE, f32x4.mul(d, d));
  }
}

/** Of the first four pixels: 0.299 R + 0.587 G + 0.114 B. */
function lumaOfFour(rgb: v128): v128 {
  return f32x4.add(
    f32x4.add(times(0.299, redOf(rgb)), times(0.587, greenOf(rgb))),
    times(0.114, blueOf(rgb)),
  );
}

function times(weight: f32, values: v128): v128 {
  return f32x4.mul(f32x4.splat(weight), values);
}

function blurAlongX(row: usize, to: usize): void {
  for (let x: i32 = 0; x < 4 * width; x += 16) v128.store(to + x, blurred(row + x, 4));
}

/** Blurs eleven vectors that lie `step` bytes apart. */
function blurred(at: usize, step: usize): v128 {
  return f32x4.add(
    f32x4.add(
      f32x4.add(pair(T0, at, at + 10 * step), pair(T1, at + step, at + 9 * step)),
      f32x4.add(pair(T2, at + 2 * step, at + 8 * step), pair(T3, at + 3 * step, at + 7 * step)),
    ),
    f32x4.add(pair(T4, at + 4 * step, at + 6 * step), times(T5, v128.load(at + 5 * step))),
  );
}

function pair(tap: f32, one: usize, other: usize): v128 {
  return times(tap, f32x4.add(v128.load(one), v128.load(other)));
}

/** Adds the similarities of the windows whose first row is kept at `top`. */
function addSimilarities(top: usize): void {
  const windows = width - WINDOW + 1;
  let sums: v128 = f64x2.splat(0);
  for (let x: i32 = 0; x < windows; x += 4) {
    const at = top + 4 * x;
    let four = similarities(
      blurred(at, PITCH),
      blurred(at + STRIDE, PITCH),
      blurred(at + 2 * STRIDE, PITCH),
      blurred(at + 3 * STRIDE, PITCH),
    );
    if (x + 4 > windows) four = v128.and(four, firstLanes(windows - x));
    sums = f64x2.add(sums, f64x2.promote_low_f32x4(four));
    sums = f64x2.add(sums, f64x2.promote_low_f32x4(v128.shuffle<u32>(four, four, 2, 3, 2, 3)));
  }
  similarity += f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
}

/** With μ the mean, σ² the variance and σab the covariance: (2μaμb + C1)(2σab + C2) / (μa² + μb² + C1)(σa² + σb² + C2). */
function similarities(s: v128, d: v128, ss: v128, dd: v128): v128 {
  const half = f32x4.splat(0.5);
  const varianceS = f32x4.sub(ss, f32x4.mul(s, s));
  const varianceD = f32x4.sub(dd, f32x4.mul(d, d));
  const sum = f32x4.add(s, f32x4.splat(255));
  const meanS = f32x4.mul(sum, sum);
  const meanD = f32x4.mul(d, d);
  const products = f32x4.mul(half, f32x4.sub(meanS, meanD)); // 2μaμb
  const squares = f32x4.mul(half, f32x4.add(meanS, meanD)); // μa² + μb²
  const covariance = f32x4.mul(half, f32x4.sub(varianceS, varianceD)); // 2σab
  const variances = f32x4.mul(half, f32x4.add(varianceS, varianceD)); // σa² + σb²
  return f32x4.div(
    f32x4.mul(plus(products, C1), plus(covariance, C2)),
    f32x4.mul(plus(squares, C1), plus(variances, C2)),
  );
}

function plus(values: v128, constant: f32): v128 {
  return f32x4.add(values, f32x4.splat(constant));
}

/** Ones in the first `lanes` lanes. */
function firstLanes(lanes: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(lanes));
}
