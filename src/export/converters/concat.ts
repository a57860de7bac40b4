import { type Converter, NHWC_TO_NCHW_AXIS, unsupported } from '../converter.js';

/** TensorFlow: ConcatV2(parts…, axis); ONNX: Concat(parts…) with the axis as an attribute. */
export const convertConcat: Converter = (context) => {
  const parts = context.node.inputs.length - 1;
  const axis = NHWC_TO_NCHW_AXIS[context.constant(parts).values[0]!];
  if (axis === undefined || context.shapeOf(0).length !== 4) {
    throw unsupported(context.node, 'expected tensors of rank 4 and a positive axis');
  }
  const values = Array.from({ length: parts }, (_, i) => context.value(i));
  context.emit('Concat', values, { axis: { int: axis } });
};
