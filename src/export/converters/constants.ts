import { attributeOf, type Converter, unsupported } from '../converter.js';

/*
 * The weights lie packed in few variables and are cut out of them: that is computed here, so that the ONNX graph holds each
 * weight by itself.
 */

/** TensorFlow: Const; ONNX: an initializer of the node that uses it. */
export const convertConst: Converter = (context) =>
  context.alias(0, { kind: 'constant', constant: attributeOf(context.node, 'value', 'tensor') });

/** TensorFlow: Reshape(constant, shape), or of any value to the shape that it has, as tf.batchNorm does with its result. */
export const convertReshape: Converter = (context) => {
  const { shape } = context.node.outputs[0]!;
  const isUnchanged = String(shape) === String(context.shapeOf(0));
  context.alias(
    0,
    isUnchanged
      ? context.input(0)
      : { kind: 'constant', constant: { ...context.constant(0), shape } },
  );
};

/** TensorFlow: SplitV(constant vector, sizes, axis 0). */
export const convertSplit: Converter = (context) => {
  const { origin, ...whole } = context.constant(0);
  if (whole.shape.length !== 1) {
    throw unsupported(context.node, `expected a vector, got [${whole.shape}]`);
  }
  let start = 0;
  context.node.outputs.forEach(({ dtype, shape }, i) => {
    const values = whole.values.subarray(start, start + shape[0]!);
    const part = origin && { variable: origin.variable, offset: origin.offset + start };
    const constant = { dtype, shape, values, ...(part && { origin: part }) };
    context.alias(i, { kind: 'constant', constant });
    start += shape[0]!;
  });
};
