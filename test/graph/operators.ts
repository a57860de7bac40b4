import type { Attribute, Attributes } from '../../src/graph/graph.js';
import { type NdArray, ndArray, randomArray } from '../support/tensorflow.js';

/** An operator with inputs to execute it on. */
export interface OperatorCase {
  readonly op: string;
  readonly inputs: readonly Input[];
  readonly attributes: Attributes;
  /** @defaultValue 1 */
  readonly outputs?: number;
  /** Whether XLA on a CPU can compile it. @defaultValue true */
  readonly compiles?: boolean;
}

/** `constant`: part of the graph, since shapes follow from it. */
export interface Input {
  readonly array: NdArray;
  readonly constant: boolean;
}

const floats = (...shape: number[]): Input => ({
  array: randomArray(shape, shape.length + shape[0]!, 0.1, 0.9),
  constant: false,
});
const bools = (...shape: number[]): Input => {
  const { values } = floats(...shape).array;
  return {
    array: ndArray(
      shape,
      values.map((value) => Number(value > 0.5)),
      'bool',
    ),
    constant: false,
  };
};
const numbers = (shape: number[], values: number[]): Input => ({
  array: ndArray(shape, values, 'int32'),
  constant: false,
});
const vector = (...values: number[]): Input => ({
  array: ndArray([values.length], values, 'int32'),
  constant: true,
});
const scalar = (value: number, dtype: 'int32' | 'float32' = 'int32'): Input => ({
  array: ndArray([], [value], dtype),
  constant: true,
});

const FLOAT: Attribute = { kind: 'type', value: 'float32' };
const INT: Attribute = { kind: 'type', value: 'int32' };
const BOOL: Attribute = { kind: 'type', value: 'bool' };
const ints = (...value: number[]): Attribute => ({ kind: 'ints', value });
const int = (value: number): Attribute => ({ kind: 'int', value });
const bool = (value: boolean): Attribute => ({ kind: 'bool', value });
const string = (value: string): Attribute => ({ kind: 'string', value });
const float = (value: number): Attribute => ({ kind: 'float', value });

const T = { T: FLOAT };
const words = (text: string): string[] => text.split(' ');

const NUMBER_BY_NUMBER: OperatorCase[] = [
  ...words(
    'Relu Relu6 Exp Expm1 Log Log1p Sqrt Rsqrt Square Neg Abs Sign Sigmoid Tanh Softmax LogSoftmax Softplus Sin Cos ' +
      'ZerosLike OnesLike Reciprocal Floor Ceil Round Identity StopGradient IsNan LeakyRelu',
  ).map((op) => ({ op, inputs: [floats(3, 4)], attributes: T })),
  { op: 'LogicalNot', inputs: [bools(3, 4)], attributes: {} },
  ...words('ReluGrad LeakyReluGrad').map((op) => ({
    op,
    inputs: [floats(2, 3, 4), floats(2, 3, 4)],
    attributes: T,
  })),
  ...words(
    'Add AddV2 Sub Mul Div RealDiv DivNoNan Maximum Minimum Pow SquaredDifference FloorDiv FloorMod Mod ' +
      'Greater GreaterEqual Less LessEqual Equal NotEqual',
  ).flatMap((op) => [
    { op, inputs: [floats(2, 3, 1), floats(3, 4)], attributes: T },
    { op, inputs: [floats(5), floats(2, 1)], attributes: T },
  ]),
  { op: 'Add', inputs: [numbers([2], [1, 2]), scalar(3)], attributes: { T: INT } },
  ...words('LogicalAnd LogicalOr').map((op) => ({
    op,
    inputs: [bools(2, 1), bools(3)],
    attributes: {},
  })),
  {
    op: 'AddN',
    inputs: [floats(2, 3), floats(2, 3), floats(2, 3)],
    attributes: { ...T, N: int(3) },
  },
  {
    op: 'Cast',
    inputs: [floats(2, 3)],
    attributes: { SrcT: FLOAT, DstT: INT, Truncate: bool(false) },
  },
  {
    op: 'Cast',
    inputs: [bools(2, 3)],
    attributes: { SrcT: BOOL, DstT: FLOAT, Truncate: bool(false) },
  },
  { op: 'Select', inputs: [bools(2, 3), floats(2, 3), floats(2, 3)], attributes: T },
  { op: 'SelectV2', inputs: [bools(3, 1), floats(2, 1, 4), floats(4)], attributes: T },
];

const REDUCTIONS: OperatorCase[] = [true, false].flatMap((keep) => [
  ...words('Sum Mean Max Min Prod').flatMap((op) =>
    [vector(0, -1), vector(1), vector(0, 1, 2), vector()].map((axes) => ({
      op,
      inputs: [floats(2, 3, 4), axes],
      attributes: { ...T, Tidx: INT, keep_dims: bool(keep) },
    })),
  ),
  ...words('All Any').map((op) => ({
    op,
    inputs: [bools(2, 3), vector(1)],
    attributes: { Tidx: INT, keep_dims: bool(keep) },
  })),
]);

const LAYOUTS: OperatorCase[] = [
  ...[0, 1, -1].map((axis) => ({
    op: 'ArgMax',
    inputs: [floats(2, 3, 4), scalar(axis)],
    attributes: { ...T, Tidx: INT, output_type: INT },
  })),
  ...[vector(4, 6), vector(-1, 3, 2), vector(2, 1, -1), vector(24)].map((shape) => ({
    op: 'Reshape',
    inputs: [floats(2, 3, 4), shape],
    attributes: { ...T, Tshape: INT },
  })),
  { op: 'Transpose', inputs: [floats(2, 3, 4), vector(2, 0, 1)], attributes: { ...T, Tperm: INT } },
  { op: 'Tile', inputs: [floats(2, 3), vector(3, 1)], attributes: { ...T, Tmultiples: INT } },
  {
    op: 'PadV2',
    inputs: [
      floats(2, 3),
      { array: ndArray([2, 2], [1, 0, 2, 3], 'int32'), constant: true },
      scalar(7, 'float32'),
    ],
    attributes: { ...T, Tpaddings: INT },
  },
  {
    op: 'Slice',
    inputs: [floats(4, 5, 6), vector(1, 2, 0), vector(-1, 2, 6)],
    attributes: { ...T, Index: INT },
  },
  ...[1, -1].map((axis) => ({
    op: 'ConcatV2',
    inputs: [floats(2, 3), floats(2, 4), floats(2, 1), scalar(axis)],
    attributes: { ...T, Tidx: INT, N: int(3) },
  })),
  {
    op: 'SplitV',
    inputs: [floats(2, 6, 3), vector(1, 3, 2), scalar(1)],
    attributes: { ...T, Tlen: INT, num_split: int(3) },
    outputs: 3,
  },
  {
    op: 'Fill',
    inputs: [vector(2, 3), scalar(7, 'float32')],
    attributes: { ...T, index_type: INT },
  },
  {
    op: 'ScatterNd',
    inputs: [numbers([2, 1], [3, 0]), floats(2, 3), vector(5, 3)],
    attributes: { ...T, Tindices: INT },
  },
  ...[
    { x: [4, 5], indices: [2, 3], axis: 0, batch: 0 },
    { x: [4, 5, 2], indices: [2, 3], axis: 1, batch: 0 },
    { x: [4, 5], indices: [3], axis: -1, batch: 0 },
    { x: [2, 4, 5], indices: [2, 3], axis: 1, batch: 1 },
    { x: [2, 5, 4], indices: [2, 3], axis: 2, batch: 1 },
  ].map(({ x, indices, axis, batch }) => ({
    op: 'GatherV2',
    inputs: [
      floats(...x),
      numbers(
        indices,
        Array.from({ length: indices.reduce((a, b) => a * b) }, (_, i) => i % 4),
      ),
      scalar(axis),
    ],
    attributes: { Tparams: FLOAT, Tindices: INT, Taxis: INT, batch_dims: int(batch) },
  })),
  { op: 'Range', inputs: [scalar(0), scalar(7), scalar(3)], attributes: { Tidx: INT } },
  { op: 'Range', inputs: [scalar(5), scalar(0), scalar(-2)], attributes: { Tidx: INT } },
  { op: 'Range', inputs: [scalar(3), scalar(3), scalar(1)], attributes: { Tidx: INT } },
  {
    op: 'Range',
    inputs: [scalar(0, 'float32'), scalar(1, 'float32'), scalar(0.25, 'float32')],
    attributes: { Tidx: FLOAT },
  },
  ...[-1, 0, 1].map((axis) => ({
    op: 'OneHot',
    inputs: [
      numbers([2, 3], [0, 1, 2, 3, 2, 1]),
      scalar(4),
      scalar(1, 'float32'),
      scalar(0, 'float32'),
    ],
    attributes: { ...T, TI: INT, axis: int(axis) },
  })),
  ...[false, true].flatMap((a) =>
    [false, true].flatMap((b) => [
      {
        op: 'MatMul',
        inputs: [a ? floats(3, 2) : floats(2, 3), b ? floats(4, 3) : floats(3, 4)],
        attributes: { ...T, transpose_a: bool(a), transpose_b: bool(b) },
      },
      {
        op: 'BatchMatMulV2',
        inputs: [
          a ? floats(6, 1, 3, 2) : floats(6, 1, 2, 3),
          b ? floats(5, 4, 3) : floats(5, 3, 4),
        ],
        attributes: { ...T, adj_x: bool(a), adj_y: bool(b) },
      },
    ]),
  ),
  {
    op: 'StatelessRandomUniform',
    inputs: [vector(2, 3), vector(5, 6)],
    attributes: { dtype: FLOAT, T: INT, Tseed: INT },
  },
];

interface Windowing {
  readonly padding: 'SAME' | 'VALID' | 'EXPLICIT';
  readonly strides: readonly [number, number];
  readonly dilations?: readonly [number, number];
}

const PADDINGS = [1, 2, 0, 1] as const; // above, below, left, right

function windowAttributes({ padding, strides }: Windowing): Attributes {
  return {
    ...T,
    strides: ints(1, ...strides, 1),
    padding: string(padding),
    data_format: string('NHWC'),
    ...(padding === 'EXPLICIT' ? { explicit_paddings: ints(0, 0, ...PADDINGS, 0, 0) } : {}),
  };
}

const WINDOWS: readonly Windowing[] = (['SAME', 'VALID', 'EXPLICIT'] as const).flatMap((padding) =>
  (
    [
      [1, 1],
      [2, 3],
    ] as const
  ).map((strides) => ({ padding, strides })),
);

/** Height and width by arithmetic of its own: which window fits last. */
function outputSize(
  [height, width]: readonly [number, number],
  [kh, kw]: readonly [number, number],
  { padding, strides, dilations = [1, 1] }: Windowing,
): [number, number] {
  const [above, below, left, right] = padding === 'EXPLICIT' ? PADDINGS : [0, 0, 0, 0];
  const length = (size: number, kernel: number, axis: 0 | 1): number => {
    const starts = Array.from({ length: size }, (_, i) => i * strides[axis]);
    const last = (kernel - 1) * dilations[axis];
    return starts.filter((start) => start + (padding === 'SAME' ? 0 : last) < size).length;
  };
  return [length(height + above + below, kh, 0), length(width + left + right, kw, 1)];
}

const NETWORKS: OperatorCase[] = [
  ...[...WINDOWS, { padding: 'SAME', strides: [1, 1], dilations: [2, 3] } as const].flatMap(
    (window): OperatorCase[] => {
      const { dilations = [1, 1] } = window;
      const attributes: Attributes = {
        ...windowAttributes(window),
        dilations: ints(1, ...dilations, 1),
        use_cudnn_on_gpu: bool(true),
      };
      const size = outputSize([7, 9], [3, 2], window);
      return [
        { op: 'Conv2D', inputs: [floats(2, 7, 9, 3), floats(3, 2, 3, 4)], attributes },
        {
          op: 'Conv2DBackpropInput',
          inputs: [vector(2, 7, 9, 3), floats(3, 2, 3, 4), floats(2, ...size, 4)],
          attributes,
        },
        {
          op: 'Conv2DBackpropFilter',
          inputs: [floats(2, 7, 9, 3), vector(3, 2, 3, 4), floats(2, ...size, 4)],
          attributes,
        },
      ];
    },
  ),
  {
    op: 'Conv2D',
    inputs: [floats(1, 9, 8, 2), floats(3, 3, 2, 2)],
    attributes: {
      ...windowAttributes({ padding: 'VALID', strides: [1, 1] }),
      dilations: ints(1, 2, 3, 1),
    },
  },
  {
    op: 'BiasAdd',
    inputs: [floats(2, 3, 4), floats(4)],
    attributes: { ...T, data_format: string('NHWC') },
  },
  ...WINDOWS.flatMap((window): OperatorCase[] => {
    const attributes = { ...windowAttributes(window), ksize: ints(1, 3, 2, 1) };
    const compiles = window.padding !== 'EXPLICIT';
    const output = floats(2, ...outputSize([7, 9], [3, 2], window), 3);
    return [
      { op: 'MaxPool', inputs: [floats(2, 7, 9, 3)], attributes, compiles },
      { op: 'MaxPoolGrad', inputs: [floats(2, 7, 9, 3), output, output], attributes, compiles },
    ];
  }),
  ...(['SAME', 'VALID'] as const).map((padding) => ({
    op: 'MaxPoolWithArgmax',
    inputs: [floats(2, 7, 9, 3)],
    attributes: {
      ...T,
      Targmax: INT,
      ksize: ints(1, 2, 2, 1),
      strides: ints(1, 2, 2, 1),
      padding: string(padding),
      include_batch_in_index: bool(true),
    },
    outputs: 2,
    compiles: false,
  })),
  {
    op: 'FusedBatchNorm',
    inputs: [floats(2, 3, 4, 5), floats(5), floats(5), floats(5), floats(5)],
    attributes: {
      ...T,
      epsilon: float(1e-3),
      data_format: string('NHWC'),
      is_training: bool(false),
    },
    outputs: 5,
  },
  {
    op: 'FusedBatchNormV3',
    inputs: [floats(2, 3, 4, 5), floats(5), floats(5), floats(5), floats(5)],
    attributes: {
      ...T,
      U: FLOAT,
      epsilon: float(1e-3),
      exponential_avg_factor: float(1),
      data_format: string('NHWC'),
      is_training: bool(false),
    },
    outputs: 6,
  },
  {
    op: 'FusedBatchNormGradV3',
    inputs: [
      floats(2, 3, 4, 5),
      floats(2, 3, 4, 5),
      floats(5),
      floats(5),
      floats(5),
      { array: ndArray([0], []), constant: false },
    ],
    attributes: {
      ...T,
      U: FLOAT,
      epsilon: float(1e-3),
      data_format: string('NHWC'),
      is_training: bool(true),
    },
    outputs: 5,
    compiles: false, // The last two are reserved; XLA gives them another shape.
  },
  {
    op: 'SparseSoftmaxCrossEntropyWithLogits',
    inputs: [floats(4, 3), numbers([4], [0, 1, 2, 1])],
    attributes: { ...T, Tlabels: INT },
    outputs: 2,
  },
  {
    op: 'CropAndResize',
    inputs: [floats(2, 7, 9, 3), floats(3, 4), numbers([3], [0, 1, 0]), vector(5, 4)],
    attributes: { ...T, method: string('bilinear'), extrapolation_value: float(0.5) },
    compiles: false,
  },
  {
    op: 'SoftmaxCrossEntropyWithLogits',
    inputs: [floats(4, 3), floats(4, 3)],
    attributes: T,
    outputs: 2,
  },
];

/** Every operator that can be recorded, on odd sizes, more than one picture, all paddings. */
export const OPERATOR_CASES: readonly OperatorCase[] = [
  ...NUMBER_BY_NUMBER,
  ...REDUCTIONS,
  ...LAYOUTS,
  ...NETWORKS,
];
