/** How sure a victim is of each pixel's given label and of its own class. */
export interface LabelScores {
  /** The class of the greatest probability, `[H, W]` flattened. */
  readonly predicted: Uint8Array;
  /** The probability of the given class, 0..1; 0 for a class that the victim has no output for. */
  readonly given: Float32Array;
  /** The probability of the predicted class, 0..1. */
  readonly confidence: Float32Array;
}

/** Logits that far below the greatest add less than 10⁻⁵ to the sum: they are left out. */
const NEGLIGIBLE = 14;

/**
 * Takes the softmax of logits at the given and at the predicted class.
 *
 * @param logits - float32 `[1, K, H, W]` flattened.
 * @param predicted - their arg max, `[H, W]` flattened.
 * @param label - given class numbers, `[H, W]` flattened.
 */
export function scoreLabels(
  logits: Float32Array,
  predicted: Uint8Array,
  label: Uint8Array,
): LabelScores {
  const pixels = label.length;
  const given = new Float32Array(pixels);
  const confidence = new Float32Array(pixels);
  for (let i = 0; i < pixels; i++) {
    const greatest = logits[predicted[i]! * pixels + i]!;
    let sum = 0;
    for (let at = i; at < logits.length; at += pixels) {
      const below = greatest - logits[at]!;
      if (below < NEGLIGIBLE) sum += Math.exp(-below);
    }
    const own = label[i]! * pixels + i;
    given[i] = own < logits.length ? Math.exp(logits[own]! - greatest) / sum : 0;
    confidence[i] = 1 / sum;
  }
  return { predicted, given, confidence };
}
