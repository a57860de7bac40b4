import { SegprobeError } from '../../shared/errors.js';
import { sizeOf } from '../graph.js';
import {
  attribute,
  attributeOr,
  axisOf,
  broadcast,
  FLOAT,
  integers,
  shapedBy,
  type ShapeRule,
} from './rule.js';

const reduction: ShapeRule = ([x, axes], attributes) => {
  const reduced = new Set(integers(axes!).map((axis) => axisOf(axis, x!.shape.length)));
  const keep = attributeOr(attributes, 'keep_dims', 'bool', false);
  const shape = keep
    ? x!.shape.map((n, i) => (reduced.has(i) ? 1 : n))
    : x!.shape.filter((_, i) => !reduced.has(i));
  return [{ dtype: x!.dtype, shape }];
};

/** Operators that reduce, move, cut, join or make tensors. */
export const LAYOUT: Readonly<Record<string, ShapeRule>> = {
  Sum: reduction,
  Mean: reduction,
  Max: reduction,
  Min: reduction,
  Prod: reduction,
  All: reduction,
  Any: reduction,
  ArgMax: ([x, axis], attributes) => [
    {
      dtype: attributeOr(attributes, 'output_type', 'type', 'int32'),
      shape: x!.shape.filter((_, i) => i !== axisOf(axis!.constant()[0]!, x!.shape.length)),
    },
  ],
  Reshape: ([x, to]) => {
    const shape = integers(to!);
    const open = shape.indexOf(-1);
    if (open >= 0) shape[open] = sizeOf(x!.shape) / -sizeOf(shape);
    if (sizeOf(shape) !== sizeOf(x!.shape)) {
      throw new SegprobeError(
        'SHAPE_MISMATCH',
        `expected ${sizeOf(x!.shape)} elements, got shape [${shape}]`,
      );
    }
    return [{ dtype: x!.dtype, shape }];
  },
  Transpose: ([x, permutation]) => [
    { dtype: x!.dtype, shape: integers(permutation!).map((axis) => x!.shape[axis]!) },
  ],
  Tile: ([x, multiples]) => [
    { dtype: x!.dtype, shape: integers(multiples!).map((k, i) => k * x!.shape[i]!) },
  ],
  PadV2: ([x, paddings]) => {
    const pad = integers(paddings!);
    return [{ dtype: x!.dtype, shape: x!.shape.map((n, i) => n + pad[2 * i]! + pad[2 * i + 1]!) }];
  },
  Slice: ([x, begin, size]) => {
    const from = integers(begin!);
    return [
      {
        dtype: x!.dtype,
        shape: integers(size!).map((n, i) => (n < 0 ? x!.shape[i]! - from[i]! : n)),
      },
    ];
  },
  ConcatV2: (inputs) => {
    const parts = inputs.slice(0, -1);
    const first = parts[0]!;
    const axis = axisOf(inputs.at(-1)!.constant()[0]!, first.shape.length);
    const total = parts.reduce((sum, part) => sum + part.shape[axis]!, 0);
    return [{ dtype: first.dtype, shape: first.shape.map((n, i) => (i === axis ? total : n)) }];
  },
  SplitV: ([x, sizes, axis]) => {
    const along = axisOf(axis!.constant()[0]!, x!.shape.length);
    return integers(sizes!).map((size) => ({
      dtype: x!.dtype,
      shape: x!.shape.map((n, i) => (i === along ? size : n)),
    }));
  },
  Fill: shapedBy(0, 1),
  ScatterNd: shapedBy(2, 1),
  GatherV2: ([x, indices, axis], attributes) => {
    const along = axisOf(axis!.constant()[0]!, x!.shape.length);
    const batch = attributeOr(attributes, 'batch_dims', 'int', 0);
    const shape = [
      ...x!.shape.slice(0, along),
      ...indices!.shape.slice(batch),
      ...x!.shape.slice(along + 1),
    ];
    return [{ dtype: x!.dtype, shape }];
  },
  Range: ([start, limit, delta]) => {
    const [from, to, step] = [start!, limit!, delta!].map((input) => input.constant()[0]!);
    return [{ dtype: start!.dtype, shape: [Math.max(0, Math.ceil((to! - from!) / step!))] }];
  },
  OneHot: ([indices, depth, on], attributes) => {
    const shape = [...indices!.shape];
    const axis = attributeOr(attributes, 'axis', 'int', -1);
    shape.splice(axis < 0 ? shape.length : axis, 0, depth!.constant()[0]!);
    return [{ dtype: on!.dtype, shape }];
  },
  MatMul: ([a, b], attributes) => [
    {
      dtype: a!.dtype,
      shape: [
        a!.shape[attribute(attributes, 'transpose_a', 'bool') ? 1 : 0]!,
        b!.shape[attribute(attributes, 'transpose_b', 'bool') ? 0 : 1]!,
      ],
    },
  ],
  BatchMatMulV2: ([a, b], attributes) => [
    {
      dtype: a!.dtype,
      shape: [
        ...broadcast(a!.shape.slice(0, -2), b!.shape.slice(0, -2)),
        a!.shape.at(attribute(attributes, 'adj_x', 'bool') ? -1 : -2)!,
        b!.shape.at(attribute(attributes, 'adj_y', 'bool') ? -2 : -1)!,
      ],
    },
  ],
  StatelessRandomUniform: ([shape]) => [{ dtype: FLOAT, shape: integers(shape!) }],
};
