import { attributeOf, type Converter, unsupported } from '../converter.js';

/**
 * The compiled function `maxUnpool(values, indices)` (src/train/kernels/max-unpool.ts); ONNX: MaxUnpool, with the indices of the
 * MaxPool that it mirrors.
 */
export const convertMaxUnpool: Converter = (context) => {
  const { node: pooling } = context.producerOf(1);
  const isMirrored =
    pooling.op === 'MaxPoolWithArgmax' &&
    ['ksize', 'strides'].every((name) => String(attributeOf(pooling, name, 'ints')) === '1,2,2,1');
  if (!isMirrored) {
    throw unsupported(
      context.node,
      `expected the indices of a 2×2 MaxPoolWithArgmax with stride 2, got those of ${pooling.op} (${pooling.name})`,
    );
  }
  context.emit('MaxUnpool', [context.value(0), context.value(1)], {
    kernel_shape: { ints: [2, 2] },
    strides: { ints: [2, 2] },
  });
};
