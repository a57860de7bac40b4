import {
  attributeOf,
  type ConvertContext,
  type Converter,
  floatScalar,
  integers,
  type NodeView,
  unsupported,
} from '../converter.js';

/** Beyond the end of any axis. */
const END = 2 ** 31 - 1;

/** The middle of a 3×3 window whose places are numbered row by row. */
const MIDDLE = 4;

/**
 * The compiled function `unpadIndices(indices)` (src/train/kernels/max-pool-overlapping.ts): nothing in ONNX. Only the unpooling below
 * reads indices, and it finds the places by itself.
 */
export const convertUnpadIndices: Converter = () => undefined;

/**
 * The compiled function `overlappingMaxUnpool(values, indices)` (src/train/kernels/max-unpool-overlapping.ts). ONNX's MaxUnpool is not
 * used: which of several values stays at one place is not said, WebGPU and CUDA have no kernel of it, and WebGPU no indices of
 * MaxPool either. Operators that all have take its place, exact in every number:
 *
 * - Each window's maximum is compared with the nine places of the padded picture that it was found in; the first that is equal
 *   is its place.
 * - A place (y, x) is reached by the window y÷2, x÷2, and where y or x is odd, by the next. It takes the value of the last of
 *   those, row by row, whose place it is.
 */
export const convertOverlappingMaxUnpool: Converter = (context) => {
  const pooling = poolingOf(context);
  const places = firstPlaces(context, pooling.value(0), pooling.output(0));
  const squares = unpooledSquares(context, context.value(0), places);
  context.emit('DepthToSpace', [context.add('Concat', squares, { axis: { int: 1 } })], {
    blocksize: { int: 2 },
    mode: { string: 'DCR' },
  });
};

function poolingOf(context: ConvertContext): NodeView {
  const unpadded = context.producerOf(1);
  const pooling = unpadded.label === 'unpadIndices' ? unpadded.producerOf(0) : unpadded;
  const { node } = pooling;
  const isMirrored =
    node.op === 'MaxPoolWithArgmax' &&
    String(attributeOf(node, 'ksize', 'ints')) === '1,3,3,1' &&
    String(attributeOf(node, 'strides', 'ints')) === '1,2,2,1';
  if (isMirrored) return pooling;
  throw unsupported(
    context.node,
    `expected the indices of a 3×3 MaxPoolWithArgmax with stride 2, got those of ${node.op} (${node.name})`,
  );
}

/** Where in its 3×3 window each maximum is, 0 to 8 as floats: the first place that is equal to it. */
function firstPlaces(context: ConvertContext, padded: string, maxima: string): string {
  // Windows step by 2: their places are those of four pictures, of even or odd rows and columns.
  const parts = [0, 1].map((row) =>
    [0, 1].map((column) =>
      slice(context, padded, [
        { axis: 2, start: row, end: row === 0 ? END : -1, step: 2 },
        { axis: 3, start: column, end: column === 0 ? END : -1, step: 2 },
      ]),
    ),
  );
  let place: string | ReturnType<typeof floatScalar> = floatScalar('place', 8);
  for (let i = 7; i >= 0; i--) {
    const [row, column] = [Math.floor(i / 3), i % 3];
    const part = parts[row % 2]![column % 2]!;
    const seen = slice(context, part, [...halved(2, row), ...halved(3, column)]);
    const isEqual = context.add('Equal', [seen, maxima]);
    place = context.add('Where', [isEqual, floatScalar('place', i), place]);
  }
  return place as string;
}

/** Which rows of a part are row 0, 1 or 2 of the windows: there is one even row more than there are windows. */
function halved(axis: number, row: number): Range[] {
  if (row === 1) return [];
  return [{ axis, start: row / 2, end: row === 0 ? -1 : END, step: 1 }];
}

/** The four places of each 2×2 square: `[N,C,H/2,W/2]` each, row by row. */
function unpooledSquares(context: ConvertContext, values: string, places: string): string[] {
  const neighbours = (x: string, absent: number): string[] => {
    const pads = integers('pads', [0, 0, 0, 0, 0, 0, 1, 1]);
    const padded = context.add('Pad', [x, pads, floatScalar('absent', absent)]);
    const moved = [1, 2, 3].map((i) => {
      const [down, right] = [i >> 1, i & 1];
      return slice(context, padded, [
        { axis: 2, start: down, end: down === 1 ? END : -1, step: 1 },
        { axis: 3, start: right, end: right === 1 ? END : -1, step: 1 },
      ]);
    });
    return [x, ...moved];
  };
  const [candidates, theirPlaces] = [neighbours(values, 0), neighbours(places, -1)];
  return [0, 1, 2, 3].map((square) => {
    const [y, x] = [square >> 1, square & 1];
    // The own window, and those to the right and below that reach an odd row or column.
    const windows = [0, 1, 2, 3].filter((i) => i >> 1 <= y && (i & 1) <= x);
    return windows.reduce<string | ReturnType<typeof floatScalar>>(
      (before, i) => {
        const place = MIDDLE + 3 * (y - 2 * (i >> 1)) + (x - 2 * (i & 1));
        const isThere = context.add('Equal', [theirPlaces[i]!, floatScalar('place', place)]);
        return context.add('Where', [isThere, candidates[i]!, before]);
      },
      floatScalar('absent', 0),
    ) as string;
  });
}

interface Range {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

function slice(context: ConvertContext, x: string, ranges: readonly Range[]): string {
  if (ranges.length === 0) return x;
  return context.add('Slice', [
    x,
    integers(
      'starts',
      ranges.map(({ start }) => start),
    ),
    integers(
      'ends',
      ranges.map(({ end }) => end),
    ),
    integers(
      'axes',
      ranges.map(({ axis }) => axis),
    ),
    integers(
      'steps',
      ranges.map(({ step }) => step),
    ),
  ]);
}
