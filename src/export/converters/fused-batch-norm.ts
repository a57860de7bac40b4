import {
  assertNhwc,
  attributeOf,
  type Converter,
  floatInitializer,
  unsupported,
} from '../converter.js';

/**
 * TensorFlow: FusedBatchNorm(x, scale, offset, mean, variance); ONNX: BatchNormalization(X, scale, B, mean, var), the same
 * formula in evaluation mode.
 */
export const convertFusedBatchNorm: Converter = (context) => {
  const { node } = context;
  assertNhwc(node);
  if (attributeOf(node, 'is_training', 'bool')) {
    throw unsupported(node, 'expected evaluation mode, got training mode');
  }
  const vectors = ['scale', 'offset', 'mean', 'variance'].map((role, i) =>
    floatInitializer(role, context.constant(i + 1)),
  );
  const epsilon = attributeOf(node, 'epsilon', 'float');
  context.emit('BatchNormalization', [context.value(0), ...vectors], {
    epsilon: { float: epsilon },
  });
};
