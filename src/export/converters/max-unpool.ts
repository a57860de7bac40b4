import type { Converter } from '../converter.js';

/** The compiled function `maxUnpool(values, indices)`; ONNX: MaxUnpool, with the indices of the MaxPool it mirrors. */
export const convertMaxUnpool: Converter = (context) => {
  const attributes = { kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] } };
  context.emit('MaxUnpool', [context.value(0), context.value(1)], attributes);
};
