import { type Converter, floatInitializer, unsupported } from '../converter.js';

/**
 * The compiled function `prelu(x, slope [1])` (src/train/kernels/activations.ts); ONNX: PRelu with a slope that broadcasts over N, C,
 * H and W.
 */
export const convertPrelu: Converter = (context) => {
  const slope = context.constant(1);
  if (slope.values.length !== 1) {
    throw unsupported(
      context.node,
      `expected one slope for all channels, got ${slope.values.length}`,
    );
  }
  const broadcast = { shape: [1, 1, 1], values: slope.values };
  context.emit('PRelu', [context.value(0), floatInitializer('slope', slope, broadcast)]);
};
