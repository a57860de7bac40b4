import { type Converter, transposeConstant } from '../converter.js';
import { readWindow, toWindowAttributes } from '../window.js';

/**
 * TensorFlow: Conv2D(x [N,H,W,C], filter [kh,kw,C,K]); ONNX: Conv(X [N,C,H,W], W [K,C,kh,kw]).
 */
export const convertConv2d: Converter = (context) => {
  const filter = context.constant(1);
  const [kh, kw] = filter.shape as [number, number];
  const weights = context.initializer(filter, 'weight', transposeConstant(filter, [3, 2, 0, 1]));
  context.emit(
    'Conv',
    [context.value(0), weights],
    toWindowAttributes(readWindow(context.node, [kh, kw])),
  );
};
