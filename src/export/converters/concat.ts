import { AXIS_IN_NCHW, type Converter, unsupported } from '../converter.js';

/** TensorFlow: ConcatV2(parts…, axis); ONNX: Concat(parts…) with the axis as an attribute. */
export const convertConcat: Converter = (context) => {
  const { node } = context;
  const parts = node.inputs.length - 1;
  const rank = context.shapeOf(0).length;
  const tensorflowAxis = context.constant(parts).values[0]!;
  const axis = AXIS_IN_NCHW[tensorflowAxis];
  if (rank !== 4 || axis === undefined) {
    throw unsupported(
      node,
      `expected tensors of rank 4 and an axis of 0 to 3, got rank ${rank} and axis ${tensorflowAxis}`,
    );
  }
  const values = Array.from({ length: parts }, (_, i) => context.value(i));
  context.emit('Concat', values, { axis: { int: axis } });
};
