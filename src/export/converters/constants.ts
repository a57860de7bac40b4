import { type Converter, type KnownConstant, unsupported } from '../converter.js';
import { attributeOf } from '../converter.js';

/**
 * The weights lie packed in few variables, are split and reshaped: all of that is computed here, so that the ONNX graph holds
 * each weight by itself.
 */
export const convertConst: Converter = (context) =>
  context.alias(0, { kind: 'constant', constant: attributeOf(context.node, 'value', 'tensor') });

export const convertReshape: Converter = (context) => {
  const { shape } = context.node.outputs[0]!;
  // tf.batchNorm reshapes its result to the shape it has.
  if (String(shape) === String(context.shapeOf(0))) {
    context.alias(0, context.input(0));
    return;
  }
  const constant = context.constant(0);
  context.alias(0, { kind: 'constant', constant: { ...constant, shape } });
};

export const convertSplit: Converter = (context) => {
  const { node } = context;
  const whole = context.constant(0);
  if (whole.shape.length !== 1) throw unsupported(node, 'expected a vector');
  let offset = 0;
  node.outputs.forEach(({ dtype, shape }, i) => {
    const values = whole.values.subarray(offset, offset + shape[0]!);
    const { origin } = whole;
    const part: KnownConstant = { dtype, shape, values };
    const from = origin && { variable: origin.variable, offset: origin.offset + offset };
    context.alias(i, { kind: 'constant', constant: from ? { ...part, origin: from } : part });
    offset += shape[0]!;
  });
};
