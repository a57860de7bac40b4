import { SegprobeError } from '../shared/errors.js';
import type { Precision } from '../shared/manifest.js';
import { createVictim } from '../train/victim.js';
import { compareLogits, type Verification } from './compare-logits.js';
import { assertFiniteWeights } from './finite-weights.js';
import {
  differs,
  type OnnxModel,
  openOnnx,
  randomImage,
  type Shape,
  toPlanes,
  VERIFIED_SHAPES,
} from './run-onnx.js';
import type { VictimWeights } from './victim-graph.js';

/** How far ONNX Runtime's logits may be from TensorFlow's, as a share of the largest logit: float32 in another order. */
export const MAX_LOGIT_DIFFERENCE = 1e-4;

/**
 * The share of pixels that must have the same class where weights were rounded. Their maxima in pooling may then be others, and what is
 * unpooled a pixel off: no bound on single logits says whether the graph is right.
 */
const LEAST_ROUNDED_AGREEMENT = 0.99;

/**
 * Pictures that may be tried at each shape. Max pooling notes where the largest value of a window is: where two are equal but for
 * rounding, the runtimes may note different places, and unpooling then puts the value one pixel off. A few in a million are that
 * close; a graph that is wrong is so on every picture.
 */
const TRIES = 3;

/**
 * Runs an exported victim on ONNX Runtime, and its weights on TensorFlow, on random pictures.
 *
 * @param precision - of the weights in `onnx`.
 * @returns the worst over all shapes.
 * @throws SegprobeError `EXPORT_UNSUPPORTED` if ONNX Runtime does not run it, or gives logits that differ by more than
 * {@link MAX_LOGIT_DIFFERENCE}, or, of rounded weights, classes that differ at more than a hundredth of the pixels; `CHECKPOINT_INVALID` if the weights, or TensorFlow's logits, are not finite.
 */
export async function verifyVictim(
  onnx: Uint8Array,
  victim: VictimWeights,
  precision: Precision = 'float32',
): Promise<Verification> {
  assertFiniteWeights(victim.weights, victim.weightsFile);
  const model = await openOnnx(onnx, 'logits');
  try {
    const found: Verification[] = [];
    for (const shape of VERIFIED_SHAPES)
      found.push(await verifyAt(shape, model, victim, precision));
    return {
      logitDifference: Math.max(...found.map(({ logitDifference }) => logitDifference)),
      labelAgreement: Math.min(...found.map(({ labelAgreement }) => labelAgreement)),
    };
  } finally {
    await model.release();
  }
}

async function verifyAt(
  shape: Shape,
  onnx: OnnxModel,
  { model, classCount, weights, weightsFile }: VictimWeights,
  precision: Precision,
): Promise<Verification> {
  const predictBatchSizes = [shape.count];
  const numbers = { model, classCount, weights, weightsFile };
  const victim = createVictim({ ...shape, ...numbers, predictBatchSizes });
  try {
    for (let attempt = 1; ; attempt++) {
      const image = randomImage(shape, attempt);
      const expected = toPlanes(await victim.logits(image, shape.count), shape, classCount);
      const strange = expected.find((logit) => !Number.isFinite(logit));
      if (strange !== undefined) {
        const text = `${weightsFile}: expected weights that give finite logits, got ${strange}`;
        throw new SegprobeError('CHECKPOINT_INVALID', text);
      }
      const actual = await onnx.run(image, shape, classCount);
      const found = compareLogits(actual, expected, { count: shape.count, classCount });
      if (found.logitDifference <= MAX_LOGIT_DIFFERENCE) return found;
      if (precision === 'float16' && found.labelAgreement >= LEAST_ROUNDED_AGREEMENT) return found;
      if (attempt === TRIES) {
        throw differs(
          `logits within ${MAX_LOGIT_DIFFERENCE} of TensorFlow's`,
          `${found.logitDifference}`,
        );
      }
    }
  } finally {
    victim.dispose();
  }
}
