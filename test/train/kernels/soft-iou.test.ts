import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { softIouLoss } from '../../../src/train/kernels/soft-iou.js';
import { assertAllClose } from '../../support/all-close.js';
import { describeOnEveryBackend, ndArray, randomArray } from '../../support/tensorflow.js';
import { TOLERANCE } from '../../support/tolerances.js';

const [H, W, K] = [2, 3, 4];
const SHAPE = [2, H, W, K] as const;
/** Class 3 is ignored; no pixel is of class 2. */
const LABELS = [0, 1, 1, 3, 0, 1, 1, 1, 3, 0, 0, 1];
const COUNTS = [1, 1, 1, 0];

/** By the definition, in float64. */
function lossOf(logits: ArrayLike<number>): number {
  const [both, seen, labelled] = [0, 1, 2].map(() => new Array<number>(K).fill(0));
  LABELS.forEach((label, pixel) => {
    if (COUNTS[label] === 0) return;
    const powers = Array.from({ length: K }, (_, k) => Math.exp(logits[pixel * K + k]!));
    const sum = powers.reduce((a, b) => a + b);
    powers.forEach((power, k) => (seen![k]! += power / sum));
    both![label]! += powers[label]! / sum;
    labelled![label]!++;
  });
  const ious = labelled!.flatMap((pixels, k) =>
    pixels === 0 ? [] : [both![k]! / (seen![k]! + pixels - both![k]!)],
  );
  return 1 - ious.reduce((a, b) => a + b) / ious.length;
}

describeOnEveryBackend('softIouLoss', (evaluate) => {
  const run = async (logits: ReturnType<typeof ndArray>) => {
    const inputs = {
      logits,
      labels: ndArray([2, H, W], LABELS, 'int32'),
      counts: ndArray([K], COUNTS),
    };
    const { loss, gradient } = await evaluate(inputs, (given) => {
      const { value, grad } = tf.valueAndGrad((x: tf.Tensor) =>
        tf.mul<tf.Scalar>(softIouLoss(x as tf.Tensor4D, given['labels']!, given['counts']!), 3),
      )(given['logits']!);
      return { loss: value, gradient: grad };
    });
    return { loss: loss!.values[0]!, gradient: gradient!.values };
  };

  it('is 1 − the mean soft IoU of the classes that are there', async () => {
    const logits = randomArray(SHAPE, 1, -2, 2);
    assertAllClose([(await run(logits)).loss], [3 * lossOf(logits.values)], TOLERANCE.float32Op);
  });

  it('has the gradient of its definition, by differences', async () => {
    const logits = randomArray(SHAPE, 2, -2, 2);
    const step = 1e-4;
    const expected = Array.from(logits.values, (_, i) => {
      const moved = (by: number): number =>
        lossOf(Array.from(logits.values, (value, j) => (i === j ? value + by : value)));
      return (3 * (moved(step) - moved(-step))) / (2 * step);
    });
    assertAllClose((await run(logits)).gradient, expected, TOLERANCE.float32Op);
  });

  it('is 0 where every pixel that counts is surely right', async () => {
    const logits = LABELS.flatMap((label) =>
      Array.from({ length: K }, (_, k) => (k === (label === 3 ? 0 : label) ? 60 : 0)),
    );
    const { loss } = await run(ndArray(SHAPE, logits));
    assert.ok(Math.abs(loss) < 1e-6, `${loss}`);
  });
});
