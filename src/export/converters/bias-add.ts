import { assertNhwc, type Converter, floatInitializer } from '../converter.js';

/** TensorFlow: BiasAdd(x [N,H,W,C], bias [C]); ONNX: Add, the bias broadcast over N, H and W. */
export const convertBiasAdd: Converter = (context) => {
  assertNhwc(context.node);
  const bias = context.constant(1);
  const broadcast = { shape: [bias.values.length, 1, 1], values: bias.values };
  context.emit('Add', [context.value(0), floatInitializer('bias', bias, broadcast)]);
};
