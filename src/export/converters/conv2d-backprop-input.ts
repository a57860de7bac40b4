import { type Converter, floatInitializer, unsupported } from '../converter.js';
import { FILTER_TO_ONNX, transpose } from '../transpose.js';
import { type OnnxWindow, reachOf, readWindow, toWindowAttributes } from '../window.js';

/**
 * TensorFlow: Conv2DBackpropInput(shape of the result, filter [kh,kw,K,C], x [N,H,W,C]), a transposed convolution;
 * ONNX: ConvTranspose(X [N,C,H,W], W [C,K,kh,kw]).
 *
 * TensorFlow is told the size of the result. ONNX computes it: the full result is stride·(H−1) + dilation·(kernel−1) + 1 long, and
 * pads are cut off. So what TensorFlow's size leaves over becomes the pads at the bottom and the right.
 */
export const convertConv2dBackpropInput: Converter = (context) => {
  const { node } = context;
  const [, outHeight, outWidth] = context.constant(0).values;
  const filter = context.constant(1);
  const [, height, width] = context.shapeOf(2);
  const [kh, kw] = filter.shape;
  const window = readWindow(node, [kh!, kw!]);
  const reach = reachOf(window);
  const full = [height!, width!].map(
    (length, axis) => window.strides[axis]! * (length - 1) + reach[axis]! + 1,
  );
  const [top, left] = window.pads;
  const [bottom, right] = [full[0]! - top - outHeight!, full[1]! - left - outWidth!];
  if (bottom < 0 || right < 0) {
    throw unsupported(
      node,
      `expected a result of at most ${full[0]! - top}×${full[1]! - left}, got ${outHeight}×${outWidth}`,
    );
  }
  const weights = floatInitializer('weight', filter, transpose(filter, FILTER_TO_ONNX));
  const pads: OnnxWindow['pads'] = [top, left, bottom, right];
  context.emit(
    'ConvTranspose',
    [context.value(2), weights],
    toWindowAttributes({ ...window, pads }),
  );
};
