import { attributeOf, type Converter, type KnownConstant, unsupported } from '../converter.js';

/**
 * TensorFlow: FusedBatchNorm(x, scale, offset, mean, variance); ONNX: BatchNormalization(X, scale, B, mean, var), the same
 * formula in evaluation mode.
 */
export const convertFusedBatchNorm: Converter = (context) => {
  const { node } = context;
  if (attributeOf(node, 'is_training', 'bool')) throw unsupported(node, 'expected evaluation mode');
  const initializers = ['scale', 'offset', 'mean', 'variance'].map((name, i) => {
    const constant = context.constant(i + 1);
    return context.initializer(constant, name, vector(constant));
  });
  const epsilon = attributeOf(node, 'epsilon', 'float');
  context.emit('BatchNormalization', [context.value(0), ...initializers], {
    epsilon: { float: epsilon },
  });
};

function vector({ shape, values }: KnownConstant) {
  return { dtype: 'float32', shape, values: values as Float32Array } as const;
}
