import { InferenceSession, Tensor } from 'onnxruntime-node';
import { createRandom } from '../shared/random.js';
import { SegprobeError } from '../shared/errors.js';
import type { Checkpoint } from '../train/checkpoint.js';
import { createVictim } from '../train/victim.js';

/** How far ONNX Runtime's logits may be from TensorFlow's, as a share of the largest logit: float32 in another order. */
export const MAX_LOGIT_DIFFERENCE = 1e-4;

/** Not square, more than one picture, and with sizes at the bottom that are odd (H/8 = 9, W/8 = 13). */
const SHAPE = { count: 2, height: 72, width: 104 } as const;

export interface Verification {
  /** Largest |ONNX Runtime − TensorFlow| over the largest |logit|. */
  readonly logitDifference: number;
  /** Share of pixels whose class is the same. */
  readonly labelAgreement: number;
}

/**
 * Runs an exported victim on ONNX Runtime and its checkpoint on TensorFlow, on random pictures.
 * @throws SegprobeError `EXPORT_UNSUPPORTED` if they differ by more than {@link MAX_LOGIT_DIFFERENCE}.
 */
export async function verifyVictim(
  onnx: Uint8Array,
  { state, weights }: Checkpoint,
): Promise<Verification> {
  const { count, height, width } = SHAPE;
  const random = createRandom(20);
  const image = Float32Array.from({ length: count * height * width * 3 }, random); // NHWC
  const classCount = state.classes.length;
  const victim = createVictim({ height, width, classCount, weights, predictBatchSizes: [count] });
  const expected = victim.logits(image, count); // NHWC
  victim.dispose();
  const session = await InferenceSession.create(onnx);
  const input = new Tensor('float32', toNchw(image, SHAPE, 3), [count, 3, height, width]);
  const { logits } = await session.run({ image: input });
  const verification = compare(
    logits!.data as Float32Array,
    toNchw(expected, SHAPE, classCount),
    SHAPE,
    classCount,
  );
  await session.release();
  if (!(verification.logitDifference <= MAX_LOGIT_DIFFERENCE)) {
    throw new SegprobeError(
      'EXPORT_UNSUPPORTED',
      `expected ONNX Runtime's logits within ${MAX_LOGIT_DIFFERENCE} of TensorFlow's, got ${verification.logitDifference}`,
    );
  }
  return verification;
}

type Shape = typeof SHAPE;

function toNchw(
  nhwc: Float32Array,
  { count, height, width }: Shape,
  channels: number,
): Float32Array {
  const result = new Float32Array(nhwc.length);
  const pixels = height * width;
  for (let n = 0; n < count; n++)
    for (let p = 0; p < pixels; p++)
      for (let c = 0; c < channels; c++)
        result[(n * channels + c) * pixels + p] = nhwc[(n * pixels + p) * channels + c]!;
  return result;
}

function compare(
  actual: Float32Array,
  expected: Float32Array,
  { count, height, width }: Shape,
  classCount: number,
): Verification {
  let [worst, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    worst = Math.max(worst, Math.abs(actual[i]! - expected[i]!));
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  const pixels = height * width;
  let agreeing = 0;
  for (let n = 0; n < count; n++)
    for (let p = 0; p < pixels; p++) {
      const classOf = (logits: Float32Array): number => {
        let best = 0;
        for (let k = 1; k < classCount; k++) {
          if (
            logits[(n * classCount + k) * pixels + p]! >
            logits[(n * classCount + best) * pixels + p]!
          )
            best = k;
        }
        return best;
      };
      if (classOf(actual) === classOf(expected)) agreeing++;
    }
  return { logitDifference: worst / largest, labelAgreement: agreeing / (count * pixels) };
}
