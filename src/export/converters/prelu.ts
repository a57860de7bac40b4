import { type Converter, unsupported } from '../converter.js';

/** The compiled function `prelu(x, slope [1])`; ONNX: PRelu with a slope that broadcasts over N, C, H and W. */
export const convertPrelu: Converter = (context) => {
  const slope = context.constant(1);
  if (slope.values.length !== 1)
    throw unsupported(context.node, 'expected one slope for all channels');
  const values = slope.values as Float32Array;
  const name = context.initializer(slope, 'slope', { dtype: 'float32', shape: [1, 1, 1], values });
  context.emit('PRelu', [context.value(0), name]);
};
