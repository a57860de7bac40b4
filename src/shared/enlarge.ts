import type { Size } from './size.js';

const CHANNELS = 3;

/**
 * Enlarges a picture by bilinear interpolation between the centres of pixels: target pixel `i` is read at
 * `(i + 0.5) * from / to - 0.5` along each axis, held at the edges. A label resized to the nearest pixel lies exactly
 * under it. (libvips lays its enlargements half a target pixel aside; `vips_affine` in its resize.c.)
 *
 * @param data - RGB, 8 bits a channel, `[from.height, from.width, 3]` flattened.
 * @param to - no smaller than `from` along either axis.
 * @returns RGB, `[to.height, to.width, 3]` flattened.
 */
export function enlarge(data: Uint8Array, from: Size, to: Size): Uint8Array<ArrayBuffer> {
  const enlarged = new Uint8Array(to.height * to.width * CHANNELS);
  const columns = samplesAlong(from.width, to.width);
  const rows = samplesAlong(from.height, to.height);
  let at = 0;
  for (const row of rows) {
    const above = row.first * from.width;
    const below = row.second * from.width;
    for (const column of columns) {
      for (let c = 0; c < CHANNELS; c++) {
        const left = column.first * CHANNELS + c;
        const right = column.second * CHANNELS + c;
        const top = mix(data[above * CHANNELS + left]!, data[above * CHANNELS + right]!, column);
        const bottom = mix(data[below * CHANNELS + left]!, data[below * CHANNELS + right]!, column);
        enlarged[at++] = Math.round(mix(top, bottom, row));
      }
    }
  }
  return enlarged;
}

/** The two source pixels that a target pixel lies between, and the share of the second. */
interface Sample {
  readonly first: number;
  readonly second: number;
  readonly share: number;
}

function samplesAlong(from: number, to: number): Sample[] {
  return Array.from({ length: to }, (_, i) => {
    const place = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    const first = Math.floor(place);
    return { first, second: Math.min(first + 1, from - 1), share: place - first };
  });
}

function mix(first: number, second: number, { share }: Sample): number {
  return first + (second - first) * share;
}
