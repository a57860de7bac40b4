import { enlarge } from '../../shared/enlarge.js';
import type { Size } from '../../shared/size.js';
import type { RgbPicture } from './rgb-picture.js';

/**
 * Resizes a picture bilinearly, the filter widened where the picture shrinks so that no pixel is skipped: what the service
 * does (there libvips shrinks), to a step of 8 bits here and there.
 *
 * @returns the picture itself when it has that size.
 */
export function resizePicture(picture: RgbPicture, size: Size): RgbPicture {
  const narrowed = shrinkAlongX(picture, Math.min(size.width, picture.width));
  const shrunk = shrinkAlongY(narrowed, Math.min(size.height, picture.height));
  if (shrunk.width === size.width && shrunk.height === size.height) return shrunk;
  return { ...size, data: enlarge(shrunk.data, shrunk, size) };
}

function shrinkAlongX({ data, height, width }: RgbPicture, to: number): RgbPicture {
  if (to === width) return { data, height, width };
  const shrunk = new Uint8Array(3 * height * to);
  const taps = tapsAlong(width, to);
  for (let y = 0, at = 0; y < height; y++) {
    const row = 3 * y * width;
    for (const { first, weights } of taps) {
      let [red, green, blue] = [0.5, 0.5, 0.5];
      for (let k = 0, from = row + 3 * first; k < weights.length; k++, from += 3) {
        const weight = weights[k]!;
        red += weight * data[from]!;
        green += weight * data[from + 1]!;
        blue += weight * data[from + 2]!;
      }
      shrunk[at++] = red;
      shrunk[at++] = green;
      shrunk[at++] = blue;
    }
  }
  return { data: shrunk, height, width: to };
}

function shrinkAlongY({ data, height, width }: RgbPicture, to: number): RgbPicture {
  if (to === height) return { data, height, width };
  const stride = 3 * width;
  const shrunk = new Uint8Array(to * stride);
  const sums = new Float64Array(stride);
  tapsAlong(height, to).forEach(({ first, weights }, y) => {
    sums.fill(0.5);
    for (let k = 0; k < weights.length; k++) {
      const weight = weights[k]!;
      const from = (first + k) * stride;
      for (let x = 0; x < stride; x++) sums[x]! += weight * data[from + x]!;
    }
    shrunk.set(sums, y * stride);
  });
  return { data: shrunk, height: to, width };
}

/** What a target pixel is the weighted mean of. */
interface Taps {
  readonly first: number;
  /** They sum to 1. */
  readonly weights: Float64Array;
}

/** A triangle over each target pixel's centre that reaches as far as to its neighbours' centres. */
function tapsAlong(from: number, to: number): Taps[] {
  const scale = from / to;
  return Array.from({ length: to }, (_, i) => {
    const center = (i + 0.5) * scale - 0.5;
    const first = Math.max(0, Math.ceil(center - scale));
    const last = Math.min(from - 1, Math.floor(center + scale));
    const weights = Float64Array.from(
      { length: last - first + 1 },
      (_, k) => 1 - Math.abs(first + k - center) / scale,
    );
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}
