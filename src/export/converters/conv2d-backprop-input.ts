import { type Converter, transposeConstant, unsupported } from '../converter.js';
import { readWindow, toWindowAttributes } from '../window.js';

/**
 * TensorFlow: Conv2DBackpropInput(shape of the result, filter [kh,kw,K,C], x [N,H,W,C]), a transposed convolution;
 * ONNX: ConvTranspose(X [N,C,H,W], W [C,K,kh,kw]).
 *
 * TensorFlow is told the size of the result; ONNX computes stride·(H−1) + kernel − pads, so what the size leaves over is cut off
 * at the bottom and the right.
 */
export const convertConv2dBackpropInput: Converter = (context) => {
  const { node } = context;
  const size = context.constant(0).values;
  const filter = context.constant(1);
  const [, height, width] = context.shapeOf(2);
  const [kh, kw] = filter.shape as [number, number];
  const window = readWindow(node, [kh, kw]);
  const full = [height!, width!].map(
    (length, axis) => (length - 1) * window.strides[axis]! + window.kernel[axis]!,
  );
  const [top, left] = window.pads as [number, number];
  const [bottom, right] = [full[0]! - size[1]! - top, full[1]! - size[2]! - left];
  if (bottom < 0 || right < 0)
    throw unsupported(node, 'expected a result no larger than the full one');
  const weights = context.initializer(filter, 'weight', transposeConstant(filter, [3, 2, 0, 1]));
  const attributes = toWindowAttributes({ ...window, pads: [top, left, bottom, right] });
  context.emit('ConvTranspose', [context.value(2), weights], attributes);
};
