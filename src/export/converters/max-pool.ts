import { attributeOf, type Converter } from '../converter.js';
import { readWindow, toWindowAttributes } from '../window.js';

/**
 * TensorFlow: MaxPool(x), and MaxPoolWithArgmax(x) that also gives indices; ONNX: MaxPool(X), whose second output are indices. Both
 * pad with minus infinity, and of equal maxima both take the first of the window. TensorFlow's indices count in NHWC, ONNX's in
 * NCHW: only an unpooling that reads the same kind can use them (max-unpool.ts).
 */
export const convertMaxPool: Converter = (context) => {
  const { node } = context;
  const [, kh, kw] = attributeOf(node, 'ksize', 'ints');
  context.emit('MaxPool', [context.value(0)], toWindowAttributes(readWindow(node, [kh!, kw!])));
};
