import { SegprobeError } from '../../shared/errors.js';
import { argmaxOverClasses } from '../../shared/argmax.js';
import { fromImageTensor } from '../../shared/image-tensor.js';
import type { ModelFacts } from '../../shared/manifest.js';
import { type Reference, toFloats } from './reference.js';

/** How a model's outputs compare with what they are to be. */
export interface OutputComparison {
  /** Share of pixels of the same class; of an attacker, of the same colour in 8 bits a channel. */
  readonly agreement: number;
  /** Largest difference of a logit over the largest logit, or of a colour over white; null where a form gives classes alone. */
  readonly largestDifference: number | null;
}

/**
 * Compares outputs, as bytes, with the reference's.
 * @throws SegprobeError `MODEL_INVALID` for outputs of another length.
 */
export function compareOutputs(
  outputs: readonly Uint8Array[],
  { outputs: expected, height, width }: Pick<Reference, 'outputs' | 'height' | 'width'>,
  { kind, classes }: ModelFacts,
): OutputComparison {
  const pixels = height * width;
  let [equal, difference, largest] = [0, 0, kind === 'attacker' ? 1 : 0];
  let isFloats = true;
  for (const [i, values] of expected.entries()) {
    const bytes = outputs[i]!;
    isFloats = bytes.length === 4 * values.length;
    if (!isFloats && (kind === 'attacker' || bytes.length !== pixels)) {
      throw new SegprobeError(
        'MODEL_INVALID',
        `expected ${values.length} numbers or ${pixels} classes, got ${bytes.length} bytes`,
      );
    }
    const labelsOf = (logits: Float32Array) => argmaxOverClasses(logits, classes.length);
    const floats = isFloats ? toFloats(bytes) : undefined;
    if (kind === 'attacker') {
      equal += countEqual(fromImageTensor(floats!), fromImageTensor(values), 3);
    } else {
      equal += countEqual(floats ? labelsOf(floats) : bytes, labelsOf(values), 1);
    }
    floats?.forEach((value, at) => {
      difference = Math.max(difference, Math.abs(value - values[at]!));
      if (kind === 'victim') largest = Math.max(largest, Math.abs(values[at]!));
    });
  }
  return {
    agreement: equal / (pixels * expected.length),
    largestDifference: isFloats ? difference / largest : null,
  };
}

/** Pixels of `channels` bytes each that are the same in both. */
function countEqual(a: Uint8Array, b: Uint8Array, channels: number): number {
  let count = 0;
  for (let at = 0; at < a.length; at += channels) {
    let isEqual = true;
    for (let c = 0; c < channels; c++) isEqual &&= a[at + c] === b[at + c];
    if (isEqual) count++;
  }
  return count;
}
