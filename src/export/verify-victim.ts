import { InferenceSession, Tensor } from 'onnxruntime-node';
import { messageOf, SegprobeError } from '../shared/errors.js';
import { createRandom } from '../shared/random.js';
import { createVictim, type Victim } from '../train/victim.js';
import { compareLogits, type Verification } from './compare-logits.js';
import { NHWC_TO_NCHW, transpose } from './transpose.js';
import type { VictimWeights } from './victim-graph.js';

/** How far ONNX Runtime's logits may be from TensorFlow's, as a share of the largest logit: float32 in another order. */
export const MAX_LOGIT_DIFFERENCE = 1e-4;

/** Odd and even, in pictures as in cells of the smallest feature map (H/8, W/8); not square. */
const SHAPES = [
  { count: 2, height: 72, width: 104 },
  { count: 1, height: 64, width: 96 },
] as const;

/**
 * Pictures that may be tried at each shape. Max pooling notes where the largest of four values is: where two are equal but for
 * rounding, the runtimes may note different places, and unpooling then puts the value one pixel off. A few in a million are that
 * close; a graph that is wrong is so on every picture.
 */
const TRIES = 3;

type Shape = (typeof SHAPES)[number];

/**
 * Runs an exported victim on ONNX Runtime, and its weights on TensorFlow, on random pictures.
 *
 * @returns the worst over all shapes.
 * @throws SegprobeError `EXPORT_UNSUPPORTED` if ONNX Runtime does not run it, or gives logits that differ by more than
 * {@link MAX_LOGIT_DIFFERENCE}; `CHECKPOINT_INVALID` if TensorFlow's are not finite.
 */
export async function verifyVictim(onnx: Uint8Array, victim: VictimWeights): Promise<Verification> {
  const session = await refusing(() => InferenceSession.create(onnx));
  try {
    const found: Verification[] = [];
    for (const shape of SHAPES) found.push(await verifyAt(shape, session, victim));
    return {
      logitDifference: Math.max(...found.map(({ logitDifference }) => logitDifference)),
      labelAgreement: Math.min(...found.map(({ labelAgreement }) => labelAgreement)),
    };
  } finally {
    await session.release();
  }
}

async function verifyAt(
  shape: Shape,
  session: InferenceSession,
  { model, classCount, weights, weightsFile }: VictimWeights,
): Promise<Verification> {
  const predictBatchSizes = [shape.count];
  const numbers = { model, classCount, weights, weightsFile };
  const victim = createVictim({ ...shape, ...numbers, predictBatchSizes });
  try {
    for (let attempt = 1; ; attempt++) {
      const image = randomImage(shape, attempt);
      const expected = tensorflowLogits(victim, image, shape, classCount);
      const strange = expected.find((logit) => !Number.isFinite(logit));
      if (strange !== undefined) {
        const text = `${weightsFile}: expected weights that give finite logits, got ${strange}`;
        throw new SegprobeError('CHECKPOINT_INVALID', text);
      }
      const actual = await onnxLogits(session, image, shape, classCount);
      const found = compareLogits(actual, expected, { count: shape.count, classCount });
      if (found.logitDifference <= MAX_LOGIT_DIFFERENCE) return found;
      if (attempt === TRIES) {
        throw different(
          `logits within ${MAX_LOGIT_DIFFERENCE} of TensorFlow's`,
          `${found.logitDifference}`,
        );
      }
    }
  } finally {
    victim.dispose();
  }
}

/** RGB in 0..1, NHWC. */
function randomImage({ count, height, width }: Shape, seed: number): Float32Array {
  return Float32Array.from({ length: count * height * width * 3 }, createRandom(height, seed));
}

/** NCHW. */
function tensorflowLogits(
  victim: Victim,
  image: Float32Array,
  { count, height, width }: Shape,
  classCount: number,
): Float32Array {
  const values = victim.logits(image, count);
  return transpose({ shape: [count, height, width, classCount], values }, NHWC_TO_NCHW).values;
}

/** NCHW. */
async function onnxLogits(
  session: InferenceSession,
  image: Float32Array,
  { count, height, width }: Shape,
  classCount: number,
): Promise<Float32Array> {
  const { shape, values } = transpose(
    { shape: [count, height, width, 3], values: image },
    NHWC_TO_NCHW,
  );
  const input = new Tensor('float32', values, shape);
  const { logits } = await refusing(() => session.run({ image: input }));
  const dims = `${count},${classCount},${height},${width}`;
  if (String(logits?.dims) !== dims) {
    throw different(`logits of [${dims}]`, logits ? `[${logits.dims.join()}]` : 'none');
  }
  return logits!.data as Float32Array;
}

/** Makes what ONNX Runtime refuses an error of the export. */
async function refusing<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw different('a graph that it runs', messageOf(cause), cause);
  }
}

function different(expected: string, found: string, cause?: unknown): SegprobeError {
  const text = `ONNX Runtime: expected ${expected}, got ${found}`;
  return new SegprobeError('EXPORT_UNSUPPORTED', text, { cause });
}
