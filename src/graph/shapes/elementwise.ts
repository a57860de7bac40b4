import { attribute, broadcast, like, type ShapeRule } from './rule.js';

const binary: ShapeRule = ([a, b]) => [{ dtype: a!.dtype, shape: broadcast(a!.shape, b!.shape) }];
const comparison: ShapeRule = ([a, b]) => [{ dtype: 'bool', shape: broadcast(a!.shape, b!.shape) }];
const rules = (ops: string, rule: ShapeRule): Record<string, ShapeRule> =>
  Object.fromEntries(ops.split(' ').map((op) => [op, rule]));

/** Operators that work number by number. */
export const ELEMENTWISE: Readonly<Record<string, ShapeRule>> = {
  ...rules(
    'Relu Relu6 Exp Expm1 Log Log1p Sqrt Rsqrt Square Neg Abs Sign Sigmoid Tanh Softmax LogSoftmax Softplus Sin Cos ' +
      'ZerosLike OnesLike Reciprocal Floor Ceil Round Identity StopGradient LogicalNot ReluGrad LeakyRelu LeakyReluGrad',
    like(0),
  ),
  ...rules(
    'Add AddV2 Sub Mul Div RealDiv DivNoNan Maximum Minimum Pow SquaredDifference FloorDiv FloorMod Mod',
    binary,
  ),
  ...rules('Greater GreaterEqual Less LessEqual Equal NotEqual LogicalAnd LogicalOr', comparison),
  AddN: like(0),
  Cast: ([x], attributes) => [{ dtype: attribute(attributes, 'DstT', 'type'), shape: x!.shape }],
  IsNan: ([x]) => [{ dtype: 'bool', shape: x!.shape }],
  Select: like(1),
  SelectV2: ([condition, a, b]) => [
    { dtype: a!.dtype, shape: broadcast(condition!.shape, broadcast(a!.shape, b!.shape)) },
  ],
};
