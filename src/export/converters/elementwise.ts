import { type Converter, unsupported } from '../converter.js';

/** The same operator in both, number by number. */
export const convertRelu: Converter = (context) => context.emit('Relu', [context.value(0)]);

/** TensorFlow: Add(x, y), AddV2(x, y); ONNX: Add(A, B). Broadcasting is left out: its axes would lie elsewhere in NCHW. */
export const convertAdd: Converter = (context) => {
  const [a, b] = [context.shapeOf(0), context.shapeOf(1)];
  if (String(a) !== String(b)) {
    throw unsupported(context.node, `expected two tensors of one shape, got [${a}] and [${b}]`);
  }
  context.emit('Add', [context.value(0), context.value(1)]);
};

/** Nothing happens: the value keeps its name. */
export const convertIdentity: Converter = (context) => context.alias(0, context.input(0));
