import { attributeOf, type ConvertContext, type Converter } from '../converter.js';
import { readWindow, toWindowAttributes } from '../window.js';

/** Both pad with minus infinity. */
export const convertMaxPool: Converter = (context) => {
  context.emit('MaxPool', [context.value(0)], pooling(context));
};

/**
 * TensorFlow numbers the maxima in NHWC, ONNX in NCHW; each is undone by an unpooling of its own kind (converters/max-unpool.ts).
 * Of equal maxima both take the first of the window.
 */
export const convertMaxPoolWithArgmax: Converter = (context) => {
  context.emit('MaxPool', [context.value(0)], pooling(context));
};

function pooling({ node }: ConvertContext) {
  const [, kh, kw] = attributeOf(node, 'ksize', 'ints');
  return toWindowAttributes(readWindow(node, [kh!, kw!]));
}
