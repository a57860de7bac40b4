/** A connected region of one value. */
export interface Component {
  readonly value: number;
  readonly pixels: number;
  /** The smallest box around it: x1 and y1 exclusive. */
  readonly box: readonly [x0: number, y0: number, x1: number, y1: number];
}

export interface Components {
  /** By number, in the order of their first pixels, row by row. */
  readonly components: readonly Component[];
  /** The runs of pixels of one row that they are made of, in order. */
  readonly runs: readonly Run[];
}

/** Pixels from `start` to before `end` of the flattened map. */
export interface Run {
  readonly start: number;
  readonly end: number;
  /** The component's number. */
  readonly id: number;
}

/**
 * Finds the regions of equal values in which every two pixels are linked by neighbours, the diagonal ones among them (8-connectivity).
 * Runs of each row are joined to those above by union-find: time and memory grow with the runs.
 *
 * @param values - `[H, W]` flattened.
 * @param background - a value whose regions are not wanted.
 * @see Rosenfeld and Pfaltz 1966, "Sequential Operations in Digital Picture Processing"
 */
export function connectedComponents(
  values: Uint8Array | Uint16Array,
  { height, width }: { readonly height: number; readonly width: number },
  background?: number,
): Components {
  const starts: number[] = []; // of each run, its first pixel
  const ends: number[] = []; // … and the one after its last
  const parents: number[] = [];
  const rootOf = (run: number): number => {
    while (parents[run] !== run) run = parents[run] = parents[parents[run]!]!;
    return run;
  };
  let [aboveFirst, aboveEnd] = [0, 0]; // the runs of the row above
  for (let y = 0; y < height; y++) {
    const first = starts.length;
    const rowEnd = (y + 1) * width;
    let above = aboveFirst;
    for (let at = y * width; at < rowEnd;) {
      const value = values[at]!;
      const start = at;
      do at++;
      while (at < rowEnd && values[at] === value);
      if (value === background) continue;
      let root = starts.length;
      starts.push(start);
      ends.push(at);
      parents.push(root);
      // Runs above that touch [start - 1, at] diagonally; the last may touch the next run here too.
      while (above < aboveEnd && ends[above]! + width < start) above++;
      for (let other = above; other < aboveEnd && starts[other]! + width <= at; other++) {
        if (values[starts[other]!] !== value) continue;
        const otherRoot = rootOf(other);
        const [low, high] = otherRoot < root ? [otherRoot, root] : [root, otherRoot];
        parents[high] = low;
        root = low;
      }
    }
    [aboveFirst, aboveEnd] = [first, starts.length];
  }
  return gather(values, width, { starts, ends, rootOf });
}

function gather(
  values: Uint8Array | Uint16Array,
  width: number,
  found: {
    readonly starts: readonly number[];
    readonly ends: readonly number[];
    readonly rootOf: (run: number) => number;
  },
): Components {
  const { starts, ends, rootOf } = found;
  const numbers = new Int32Array(starts.length).fill(-1); // by root
  const components: { value: number; pixels: number; box: [number, number, number, number] }[] = [];
  const runs = starts.map((start, run): Run => {
    const end = ends[run]!;
    const y = Math.floor(start / width);
    const [x0, x1] = [start - y * width, end - y * width];
    const root = rootOf(run);
    let id = numbers[root]!;
    if (id < 0) {
      id = numbers[root] = components.length;
      components.push({ value: values[start]!, pixels: 0, box: [x0, y, x1, y + 1] });
    }
    const own = components[id]!;
    own.pixels += end - start;
    if (x0 < own.box[0]) own.box[0] = x0;
    if (x1 > own.box[2]) own.box[2] = x1;
    own.box[3] = y + 1;
    return { start, end, id };
  });
  return { components, runs };
}

/** The number of each pixel's component, `[H, W]` flattened; −1 where the value is the background. */
export function componentIds(
  { runs }: Components,
  { height, width }: { readonly height: number; readonly width: number },
): Int32Array {
  const ids = new Int32Array(height * width).fill(-1);
  for (const { start, end, id } of runs) ids.fill(id, start, end);
  return ids;
}

/**
 * How deep in its component each component's deepest pixel lies: 1 where every pixel has a neighbour of another, n where a square of
 * 2n − 1 pixels fits within. The picture's edge is no border.
 */
export function componentDepths(
  found: Components,
  size: { readonly height: number; readonly width: number },
): Uint16Array {
  const { height, width } = size;
  // Chessboard distances, by a pass from either end (Rosenfeld and Pfaltz).
  const ids = componentIds(found, size);
  const depths = new Uint16Array(ids.length);
  const deepest = new Uint16Array(found.components.length);
  const seen = (at: number, id: number): number => (ids[at] === id ? depths[at]! : 0);
  for (const { start, end, id } of found.runs) {
    const y = Math.floor(start / width);
    for (let at = start, x = start - y * width; at < end; at++, x++) {
      let least = LIMIT;
      if (x > 0) least = seen(at - 1, id);
      if (y > 0 && least > 0) {
        least = Math.min(least, seen(at - width, id));
        if (x > 0) least = Math.min(least, seen(at - width - 1, id));
        if (x + 1 < width) least = Math.min(least, seen(at - width + 1, id));
      }
      depths[at] = least + 1;
    }
  }
  for (let run = found.runs.length - 1; run >= 0; run--) {
    const { start, end, id } = found.runs[run]!;
    const y = Math.floor(start / width);
    for (let at = end - 1, x = at - y * width; at >= start; at--, x--) {
      let least = depths[at]! - 1;
      if (x + 1 < width && least > 0) least = Math.min(least, seen(at + 1, id));
      if (y + 1 < height && least > 0) {
        least = Math.min(least, seen(at + width, id));
        if (x + 1 < width) least = Math.min(least, seen(at + width + 1, id));
        if (x > 0) least = Math.min(least, seen(at + width - 1, id));
      }
      depths[at] = least + 1;
      if (least >= deepest[id]!) deepest[id] = least + 1;
    }
  }
  return deepest;
}

/** More than any picture's depth. */
const LIMIT = 0xfffe;
