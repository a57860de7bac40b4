import { AXIS_IN_NCHW, type Converter, floatInitializer, unsupported } from '../converter.js';

/** TensorFlow: PadV2(x, paddings [rank, 2], value); ONNX: Pad(data, pads [all begins, all ends], value). */
export const convertPad: Converter = (context) => {
  const { node } = context;
  const rank = context.shapeOf(0).length;
  if (rank !== 4) throw unsupported(node, `expected a tensor of rank 4, got rank ${rank}`);
  const paddings = context.constant(1);
  const pads = new BigInt64Array(8);
  AXIS_IN_NCHW.forEach((to, axis) => {
    pads[to] = BigInt(paddings.values[2 * axis]!);
    pads[to + 4] = BigInt(paddings.values[2 * axis + 1]!);
  });
  const inputs = [
    context.value(0),
    { role: 'pads', source: paddings, dtype: 'int64', shape: [8], values: pads } as const,
    floatInitializer('value', context.constant(2)),
  ];
  context.emit('Pad', inputs, { mode: { string: 'constant' } });
};
