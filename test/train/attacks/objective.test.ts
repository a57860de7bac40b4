import type * as tf from '@tensorflow/tfjs';
import assert from 'node:assert/strict';
import {
  attackObjective,
  type ObjectiveName,
  OBJECTIVES,
} from '../../../src/train/attacks/objective.js';
import {
  describeOnEveryBackend,
  ndArray,
  type NdArrays,
  randomArray,
} from '../../support/tensorflow.js';
import { checkKernel } from '../kernels/check-kernel.js';

const [N, H, W, K] = [2, 3, 4, 5];
const PIXELS = H * W;

const softmax = (row: number[]): number[] => {
  const largest = Math.max(...row);
  const powers = row.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((value) => value / sum);
};
const rival = (row: number[], y: number): number => Math.max(...row.filter((_, k) => k !== y));

/** Whether a pixel is not yet as it is to be: of the class to lead away, not of it to lead towards. */
const isOpen = (row: number[], y: number, sign: number): boolean =>
  row[y]! >= rival(row, y) === (sign === 1);

/** What each pixel's cross entropy is multiplied by, but for the sign. */
const WEIGHTS: Readonly<
  Record<string, (row: number[], y: number, sign: number, progress: number) => number>
> = {
  'cross-entropy': () => 1,
  'masked-cross-entropy': (row, y, sign) => (isOpen(row, y, sign) ? 1 : 0),
  segpgd: (row, y, sign, progress) => (isOpen(row, y, sign) ? 1 - progress / 2 : progress / 2),
  cospgd: (row, y, sign) => {
    const p = softmax(row);
    const cosine = p[y]! / Math.hypot(...p);
    return sign === 1 ? cosine : 1 - cosine;
  },
};

const rowsOf = (values: Float64Array): number[][] =>
  Array.from({ length: values.length / K }, (_, i) => [...values.slice(i * K, (i + 1) * K)]);

describeOnEveryBackend('attackObjective', (evaluate) => {
  const logits = randomArray([N, H, W, K], 5, -2, 2);
  const label = ndArray(
    [N, H, W],
    Array.from({ length: N * PIXELS }, (_, i) => (i * 3) % K),
    'int32',
  );
  const weight = ndArray(
    [N, H, W],
    Array.from({ length: N * PIXELS }, (_, i) => (i % 5 === 0 ? 0 : 1 + (i % 2))),
  );
  const base = rowsOf(logits.values);

  const cases = OBJECTIVES.flatMap((name) =>
    [1, -1].flatMap((sign) =>
      (name === 'segpgd' ? [0, 0.5, 0.9] : [0.5]).map((progress) => ({ name, sign, progress })),
    ),
  );
  for (const { name, sign, progress } of cases) {
    it(`computes ${name} ${sign === 1 ? 'away from' : 'towards'} labels after ${progress} of the steps, and its gradient with the weights of pixels as given`, async () => {
      const pixel = (row: number[], i: number): number => {
        const y = label.values[i]!;
        if (name === 'margin') return Math.min(0, sign * (rival(row, y) - row[y]!));
        const entropy = -Math.log(softmax(row)[y]!);
        return sign * entropy * WEIGHTS[name]!(base[i]!, y, sign, progress);
      };
      const scalars = { progress: ndArray([], [progress]), sign: ndArray([], [sign]) };
      await checkKernel(evaluate, {
        inputs: { logits, label, weight, ...scalars },
        differentiable: ['logits'],
        kernel: (inputs) => objectiveOf(name, inputs),
        reference: (inputs: NdArrays) => {
          const rows = rowsOf(inputs['logits']!.values);
          const means = [0, 1].map((n) => {
            const own = rows.map((_, i) => i).slice(n * PIXELS, (n + 1) * PIXELS);
            const total = own.reduce((sum, i) => sum + weight.values[i]!, 0);
            return own.reduce((sum, i) => sum + weight.values[i]! * pixel(rows[i]!, i), 0) / total;
          });
          return { dtype: 'float32', shape: [N], values: Float64Array.from(means) };
        },
      });
    });
  }

  it('is 0, with a gradient of 0, for an image in which nothing is labelled', async () => {
    const none = ndArray(
      [N, H, W],
      Array.from({ length: N * PIXELS }, (_, i) => (i < PIXELS ? 0 : 1)),
    );
    for (const name of OBJECTIVES) {
      const { value } = await evaluate(
        { logits, label, weight: none, progress: ndArray([], [0.5]), sign: ndArray([], [1]) },
        (inputs) => ({
          value: objectiveOf(name, inputs),
        }),
      );
      assert.equal(Math.abs(value!.values[0]!), 0);
      assert.notEqual(value!.values[1], 0);
    }
  });
});

function objectiveOf(
  name: ObjectiveName,
  { logits, label, weight, progress, sign }: Readonly<Record<string, tf.Tensor>>,
): tf.Tensor {
  return attackObjective(name, logits as tf.Tensor4D, {
    label: label!,
    weight: weight!,
    progress: progress!,
    sign: sign!,
  });
}
