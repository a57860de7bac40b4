/** The kernels written out as plain loops over float64 numbers, slow and easy to check by eye. */
import { sizeOf } from '../../../src/graph/graph.js';
import type { Pair } from '../../../src/train/kernels/raw.js';
import type { NdArray } from '../../support/tensorflow.js';

type Quad = readonly [number, number, number, number];

/** Makes an array whose element at `[i, j, k, l]` is `at(i, j, k, l)`. */
function fromFunction(
  shape: Quad,
  at: (n: number, y: number, x: number, c: number) => number,
): NdArray {
  const values = new Float64Array(sizeOf(shape));
  const [batch, height, width, channels] = shape;
  let i = 0;
  for (let n = 0; n < batch; n++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let c = 0; c < channels; c++) values[i++] = at(n, y, x, c);
  return { dtype: 'float32', shape, values };
}

/** Reads element `[n, y, x, c]`; `outside` beyond the edges. */
function reader(
  array: NdArray,
  outside: number,
): (n: number, y: number, x: number, c: number) => number {
  const [, height, width, channels] = array.shape as Quad;
  return (n, y, x, c) =>
    y < 0 || y >= height || x < 0 || x >= width
      ? outside
      : array.values[((n * height + y) * width + x) * channels + c]!;
}

export interface Windowing {
  readonly strides: Pair;
  readonly padding: Pair;
  readonly dilations: Pair;
}

export function conv2d(x: NdArray, filter: NdArray, options: Windowing): NdArray {
  const [batch, height, width, channels] = x.shape as Quad;
  const [kh, kw, , out] = filter.shape as Quad;
  const { strides, padding, dilations } = options;
  const length = (size: number, kernel: number, axis: 0 | 1): number =>
    Math.floor((size + 2 * padding[axis] - dilations[axis] * (kernel - 1) - 1) / strides[axis]) + 1;
  const at = reader(x, 0);
  const weight = reader(filter, NaN);
  return fromFunction([batch, length(height, kh, 0), length(width, kw, 1), out], (n, y, x, k) => {
    let sum = 0;
    for (let dy = 0; dy < kh; dy++)
      for (let dx = 0; dx < kw; dx++)
        for (let c = 0; c < channels; c++) {
          const row = y * strides[0] - padding[0] + dy * dilations[0];
          const column = x * strides[1] - padding[1] + dx * dilations[1];
          sum += at(n, row, column, c) * weight(dy, dx, c, k);
        }
    return sum;
  });
}

/** Each input adds its filter to the output, at `stride` times its place less `padding`. */
export function conv2dTranspose(
  x: NdArray,
  filter: NdArray,
  { stride, padding, outputSize }: { stride: number; padding: number; outputSize: Pair },
): NdArray {
  const [batch, height, width, channels] = x.shape as Quad;
  const [kh, kw, out] = filter.shape as Quad;
  const [outHeight, outWidth] = outputSize;
  const result = new Float64Array(batch * outHeight * outWidth * out);
  const at = reader(x, NaN);
  const weight = reader(filter, NaN);
  for (let n = 0; n < batch; n++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let dy = 0; dy < kh; dy++)
          for (let dx = 0; dx < kw; dx++) {
            const row = y * stride - padding + dy;
            const column = x * stride - padding + dx;
            if (row < 0 || row >= outHeight || column < 0 || column >= outWidth) continue;
            for (let k = 0; k < out; k++)
              for (let c = 0; c < channels; c++)
                result[((n * outHeight + row) * outWidth + column) * out + k]! +=
                  at(n, y, x, c) * weight(dy, dx, k, c);
          }
  return { dtype: 'float32', shape: [batch, outHeight, outWidth, out], values: result };
}

export function maxPool(
  x: NdArray,
  { kernel, stride, padding }: { kernel: number; stride: number; padding: number },
): NdArray {
  const [batch, height, width, channels] = x.shape as Quad;
  const length = (size: number): number => Math.floor((size + 2 * padding - kernel) / stride) + 1;
  const at = reader(x, -Infinity);
  return fromFunction([batch, length(height), length(width), channels], (n, y, x, c) => {
    let largest = -Infinity;
    for (let dy = 0; dy < kernel; dy++)
      for (let dx = 0; dx < kernel; dx++)
        largest = Math.max(largest, at(n, y * stride - padding + dy, x * stride - padding + dx, c));
    return largest;
  });
}

/** Where the maximum of each window lies, `((n·H + y)·W + x)·C + c`, with stride 2; of equal ones the first. */
export function maxPoolIndices(
  x: NdArray,
  { kernel, padding }: { kernel: number; padding: number } = { kernel: 2, padding: 0 },
): NdArray {
  const [batch, height, width, channels] = x.shape as Quad;
  const at = reader(x, -Infinity);
  const indices = fromFunction([batch, height / 2, width / 2, channels], (n, y, x, c) => {
    let [largest, index] = [-Infinity, NaN];
    for (let row = 2 * y - padding; row < 2 * y - padding + kernel; row++)
      for (let column = 2 * x - padding; column < 2 * x - padding + kernel; column++) {
        const value = at(n, row, column, c);
        if (value > largest)
          [largest, index] = [value, ((n * height + row) * width + column) * channels + c];
      }
    return index;
  });
  return { ...indices, dtype: 'int32' };
}

export function maxUnpool(x: NdArray, indices: NdArray): NdArray {
  const [batch, height, width, channels] = x.shape as Quad;
  const values = new Float64Array(4 * x.values.length);
  indices.values.forEach((index, i) => (values[index] = x.values[i]!));
  return { dtype: 'float32', shape: [batch, 2 * height, 2 * width, channels], values };
}

export function prelu(x: NdArray, slope: number): NdArray {
  return { ...x, values: x.values.map((value) => (value > 0 ? value : slope * value)) };
}

/** The mean and the biased variance of each channel over N, H and W. */
export function moments(x: NdArray): { mean: Float64Array; variance: Float64Array; count: number } {
  const channels = x.shape[3]!;
  const count = x.values.length / channels;
  const mean = new Float64Array(channels);
  x.values.forEach((value, i) => (mean[i % channels]! += value / count));
  const variance = new Float64Array(channels);
  x.values.forEach((value, i) => {
    variance[i % channels]! += (value - mean[i % channels]!) ** 2 / count;
  });
  return { mean, variance, count };
}

export function normalize(
  x: NdArray,
  statistics: { readonly mean: ArrayLike<number>; readonly variance: ArrayLike<number> },
  scale: NdArray,
  offset: NdArray,
): NdArray {
  const channels = x.shape[3]!;
  const values = x.values.map((value, i) => {
    const c = i % channels;
    const deviation = Math.sqrt(statistics.variance[c]! + 1e-5);
    return ((value - statistics.mean[c]!) / deviation) * scale.values[c]! + offset.values[c]!;
  });
  return { ...x, values };
}

/** `Σ w[y]·(−log p[y]) / Σ w[y]` */
export function crossEntropy(logits: NdArray, labels: NdArray, weights: NdArray): NdArray {
  const classes = logits.shape[3]!;
  let [sum, total] = [0, 0];
  labels.values.forEach((label, pixel) => {
    const row = logits.values.subarray(pixel * classes, (pixel + 1) * classes);
    const logOfSum = Math.log(row.reduce((all, logit) => all + Math.exp(logit), 0));
    sum += weights.values[label]! * (logOfSum - row[label]!);
    total += weights.values[label]!;
  });
  return { dtype: 'float32', shape: [], values: Float64Array.of(sum / total) };
}
