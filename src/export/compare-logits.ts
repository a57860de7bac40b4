import { argmaxOverClasses } from '../shared/argmax.js';

/** How far ONNX Runtime's logits are from TensorFlow's. */
export interface Verification {
  /** Largest |ONNX Runtime − TensorFlow| over the largest |logit| of TensorFlow. */
  readonly logitDifference: number;
  /** Share of pixels whose class is the same. */
  readonly labelAgreement: number;
}

/**
 * Compares two results for the same pictures.
 *
 * @param actual - float32 `[N, K, H, W]` flattened, as `expected`.
 * @param size - N and K.
 * @returns a difference of NaN where a logit is none or infinite.
 */
export function compareLogits(
  actual: Float32Array,
  expected: Float32Array,
  { count, classCount }: { readonly count: number; readonly classCount: number },
): Verification {
  let [difference, largest] = [0, 0];
  expected.forEach((logit, i) => {
    difference = Math.max(difference, Math.abs(actual[i]! - logit));
    largest = Math.max(largest, Math.abs(logit));
  });
  const [labels, expectedLabels] = [actual, expected].map((logits) =>
    labelsOf(logits, count, classCount),
  ) as [Uint8Array, Uint8Array];
  const agreeing = labels.filter((label, pixel) => label === expectedLabels[pixel]).length;
  return {
    // Logits that are all zero, and the same, are no difference.
    logitDifference: difference === 0 ? 0 : difference / largest,
    labelAgreement: agreeing / labels.length,
  };
}

/** Class numbers, `[N, H, W]` flattened. */
function labelsOf(logits: Float32Array, count: number, classCount: number): Uint8Array {
  const size = logits.length / count;
  const labels = new Uint8Array(logits.length / classCount);
  for (let n = 0; n < count; n++) {
    const picture = logits.subarray(n * size, (n + 1) * size);
    labels.set(argmaxOverClasses(picture, classCount), (n * size) / classCount);
  }
  return labels;
}
