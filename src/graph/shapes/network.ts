import type { Attributes, TensorMeta } from '../graph.js';
import {
  attribute,
  attributeOr,
  FLOAT,
  integers,
  like,
  type ShapeInput,
  type ShapeRule,
  shapedBy,
} from './rule.js';

/** Output length along one spatial axis (TensorFlow's GetWindowedOutputSize). */
function windowedLength(
  length: number,
  kernel: number,
  stride: number,
  padding: string,
  [before, after]: readonly [number, number],
  dilation = 1,
): number {
  if (padding === 'SAME') return Math.ceil(length / stride);
  const padded = padding === 'EXPLICIT' ? length + before + after : length;
  return Math.floor((padded - ((kernel - 1) * dilation + 1)) / stride) + 1;
}

/** Height and width of an NHWC result. */
function windowedShape(x: ShapeInput, kernel: readonly number[], attributes: Attributes): number[] {
  const strides = attribute(attributes, 'strides', 'ints');
  const padding = attribute(attributes, 'padding', 'string');
  const dilations = attributeOr(attributes, 'dilations', 'ints', [1, 1, 1, 1]);
  const explicit = attributeOr(attributes, 'explicit_paddings', 'ints', []);
  return [1, 2].map((axis) =>
    windowedLength(
      x.shape[axis]!,
      kernel[axis - 1]!,
      strides[axis]!,
      padding,
      [explicit[2 * axis] ?? 0, explicit[2 * axis + 1] ?? 0],
      dilations[axis],
    ),
  );
}

const pooled: (x: ShapeInput, attributes: Attributes) => number[] = (x, attributes) => {
  const [, kernelHeight, kernelWidth] = attribute(attributes, 'ksize', 'ints');
  return [x.shape[0]!, ...windowedShape(x, [kernelHeight!, kernelWidth!], attributes), x.shape[3]!];
};

const channelStatistics = (scale: ShapeInput, count: number): TensorMeta[] =>
  Array.from({ length: count }, () => ({ dtype: scale.dtype, shape: scale.shape }));

const crossEntropy: ShapeRule = ([logits]) => [
  { dtype: logits!.dtype, shape: [logits!.shape[0]!] },
  { dtype: logits!.dtype, shape: logits!.shape },
];

/** Operators of neural networks, all in NHWC. */
export const NETWORK: Readonly<Record<string, ShapeRule>> = {
  Conv2D: ([x, filter], attributes) => [
    {
      dtype: x!.dtype,
      shape: [x!.shape[0]!, ...windowedShape(x!, filter!.shape, attributes), filter!.shape[3]!],
    },
  ],
  Conv2DBackpropInput: shapedBy(0, 2),
  Conv2DBackpropFilter: shapedBy(1, 2),
  BiasAdd: like(0),
  MaxPool: ([x], attributes) => [{ dtype: x!.dtype, shape: pooled(x!, attributes) }],
  MaxPoolGrad: like(0),
  MaxPoolWithArgmax: ([x], attributes) => [
    { dtype: x!.dtype, shape: pooled(x!, attributes) },
    { dtype: attribute(attributes, 'Targmax', 'type'), shape: pooled(x!, attributes) },
  ],
  FusedBatchNorm: ([x, scale]) => [
    { dtype: x!.dtype, shape: x!.shape },
    ...channelStatistics(scale!, 4),
  ],
  FusedBatchNormV3: ([x, scale]) => [
    { dtype: x!.dtype, shape: x!.shape },
    ...channelStatistics(scale!, 4),
    { dtype: FLOAT, shape: [0] },
  ],
  FusedBatchNormGradV3: ([, x, scale]) => [
    { dtype: x!.dtype, shape: x!.shape },
    ...channelStatistics(scale!, 2),
    { dtype: FLOAT, shape: [] },
    { dtype: FLOAT, shape: [] },
  ],
  CropAndResize: ([image, boxes, , size]) => [
    { dtype: FLOAT, shape: [boxes!.shape[0]!, ...integers(size!), image!.shape[3]!] },
  ],
  SparseSoftmaxCrossEntropyWithLogits: crossEntropy,
  SoftmaxCrossEntropyWithLogits: crossEntropy,
};
