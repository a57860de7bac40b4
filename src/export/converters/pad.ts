import { type Converter, NHWC_TO_NCHW_AXIS, unsupported } from '../converter.js';

/** TensorFlow: PadV2(x, paddings [rank, 2], value); ONNX: Pad(data, pads [all begins, all ends], value). */
export const convertPad: Converter = (context) => {
  const { node } = context;
  if (context.shapeOf(0).length !== 4) throw unsupported(node, 'expected a tensor of rank 4');
  const paddings = context.constant(1);
  const value = context.constant(2);
  const pads = new BigInt64Array(8);
  for (let axis = 0; axis < 4; axis++) {
    const to = NHWC_TO_NCHW_AXIS[axis]!;
    pads[to] = BigInt(paddings.values[2 * axis]!);
    pads[to + 4] = BigInt(paddings.values[2 * axis + 1]!);
  }
  const inputs = [
    context.value(0),
    context.initializer(paddings, 'pads', { dtype: 'int64', shape: [8], values: pads }),
    context.initializer(value, 'value', {
      dtype: 'float32',
      shape: [],
      values: Float32Array.from(value.values),
    }),
  ];
  context.emit('Pad', inputs, { mode: { string: 'constant' } });
};
