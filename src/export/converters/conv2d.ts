import { type Converter, floatInitializer } from '../converter.js';
import { FILTER_TO_ONNX, transpose } from '../transpose.js';
import { readWindow, toWindowAttributes } from '../window.js';

/** TensorFlow: Conv2D(x [N,H,W,C], filter [kh,kw,C,K]); ONNX: Conv(X [N,C,H,W], W [K,C,kh,kw]). */
export const convertConv2d: Converter = (context) => {
  const filter = context.constant(1);
  const [kh, kw] = filter.shape;
  const weights = floatInitializer('weight', filter, transpose(filter, FILTER_TO_ONNX));
  const window = readWindow(context.node, [kh!, kw!]);
  context.emit('Conv', [context.value(0), weights], toWindowAttributes(window));
};
