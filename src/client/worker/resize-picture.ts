import { enlarge } from '../../shared/enlarge.js';
import type { Size } from '../../shared/size.js';
import type { RgbPicture } from './rgb-picture.js';

/** libvips places the filter in 64ths of a pixel, and weighs in 4096ths, cut off. */
const PLACES = 64;
const WEIGHT_BITS = 12;
const HALF = 2 ** (WEIGHT_BITS - 1);
/** It averages whole pixels first, as many as leave at least twice the target's. */
const GAP = 2;
/** Of the reciprocal that it averages by, cut off. */
const MEAN_SCALE = 2 ** 24;

/**
 * Resizes a picture bilinearly, the filter widened where the picture shrinks so that no pixel is skipped: value by value what the
 * service does, where libvips shrinks, in its order and with its integers.
 *
 * @returns the picture itself when it has that size.
 */
export function resizePicture(picture: RgbPicture, size: Size): RgbPicture {
  const lowered = shrinkAlongY(picture, Math.min(size.height, picture.height));
  const shrunk = shrinkAlongX(lowered, Math.min(size.width, picture.width));
  if (shrunk.width === size.width && shrunk.height === size.height) return shrunk;
  return { ...size, data: enlarge(shrunk.data, shrunk, size) };
}

function shrinkAlongY(picture: RgbPicture, to: number): RgbPicture {
  if (to === picture.height) return picture;
  const whole = wholeSteps(picture.height, to);
  const { data, height, width } = averageAlongY(picture, whole);
  const stride = 3 * width;
  const shrunk = new Uint8Array(to * stride);
  const sums = new Int32Array(stride);
  const scale = picture.height / to / whole;
  tapsAlong(height, to, scale).forEach(({ first, weights }, y) => {
    sums.fill(HALF);
    for (let k = 0; k < weights.length; k++) {
      const weight = weights[k]!;
      const from = (first + k) * stride;
      for (let x = 0; x < stride; x++) sums[x]! += weight * data[from + x]!;
    }
    for (let x = 0, at = y * stride; x < stride; x++) shrunk[at++] = sums[x]! >> WEIGHT_BITS;
  });
  return { data: shrunk, height: to, width };
}

function shrinkAlongX(picture: RgbPicture, to: number): RgbPicture {
  if (to === picture.width) return picture;
  const whole = wholeSteps(picture.width, to);
  const { data, height, width } = averageAlongX(picture, whole);
  const shrunk = new Uint8Array(3 * height * to);
  const taps = tapsAlong(width, to, picture.width / to / whole);
  for (let y = 0, at = 0; y < height; y++) {
    const row = 3 * y * width;
    for (const { first, weights } of taps) {
      let [red, green, blue] = [HALF, HALF, HALF];
      for (let k = 0, from = row + 3 * first; k < weights.length; k++, from += 3) {
        const weight = weights[k]!;
        red += weight * data[from]!;
        green += weight * data[from + 1]!;
        blue += weight * data[from + 2]!;
      }
      shrunk[at++] = red >> WEIGHT_BITS;
      shrunk[at++] = green >> WEIGHT_BITS;
      shrunk[at++] = blue >> WEIGHT_BITS;
    }
  }
  return { data: shrunk, height, width: to };
}

/** How many pixels become one before the filter. */
function wholeSteps(from: number, to: number): number {
  return Math.max(1, Math.floor(from / to / GAP));
}

/** Averages `steps` rows each; the last row is repeated where they do not come out even. */
function averageAlongY({ data, height, width }: RgbPicture, steps: number): RgbPicture {
  if (steps === 1) return { data, height, width };
  const to = Math.ceil(height / steps);
  const stride = 3 * width;
  const averaged = new Uint8Array(to * stride);
  const mean = meanOf(steps);
  for (let y = 0, at = 0; y < to; y++) {
    for (let x = 0; x < stride; x++) {
      let sum = 0;
      for (let k = 0; k < steps; k++)
        sum += data[Math.min(height - 1, y * steps + k) * stride + x]!;
      averaged[at++] = mean(sum);
    }
  }
  return { data: averaged, height: to, width };
}

/** The same along rows. */
function averageAlongX({ data, height, width }: RgbPicture, steps: number): RgbPicture {
  if (steps === 1) return { data, height, width };
  const to = Math.ceil(width / steps);
  const averaged = new Uint8Array(3 * height * to);
  const mean = meanOf(steps);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < 3 * to; x++) {
      const first = Math.floor(x / 3) * steps;
      let sum = 0;
      for (let k = 0; k < steps; k++) {
        sum += data[3 * (y * width + Math.min(width - 1, first + k)) + (x % 3)]!;
      }
      averaged[at++] = mean(sum);
    }
  }
  return { data: averaged, height, width: to };
}

function meanOf(count: number): (sum: number) => number {
  const reciprocal = Math.floor(MEAN_SCALE / count);
  const half = count >> 1;
  return (sum) => Math.floor(((sum + half) * reciprocal) / MEAN_SCALE);
}

/** What a target pixel is the weighted mean of. */
interface Taps {
  readonly first: number;
  /** In 4096ths. */
  readonly weights: Int32Array;
}

/** A triangle over each target pixel's centre that reaches as far as to its neighbours' centres; the edge's pixels are repeated beyond. */
function tapsAlong(from: number, to: number, scale: number): Taps[] {
  return Array.from({ length: to }, (_, i) => {
    const center = Math.round(((i + 0.5) * scale - 0.5) * PLACES) / PLACES;
    const [first, last] = [Math.ceil(center - scale), Math.floor(center + scale)];
    const heights = Array.from(
      { length: last - first + 1 },
      (_, k) => 1 - Math.abs(first + k - center) / scale,
    );
    const sum = heights.reduce((total, height) => total + height, 0);
    const clamp = (place: number): number => Math.min(from - 1, Math.max(0, place));
    const weights = new Int32Array(clamp(last) - clamp(first) + 1);
    heights.forEach((height, k) => {
      weights[clamp(first + k) - clamp(first)]! += Math.trunc((height / sum) * 2 ** WEIGHT_BITS);
    });
    return { first: clamp(first), weights };
  });
}
