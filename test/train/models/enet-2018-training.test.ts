import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { createGraphRunner } from '../../../src/graph/graph-runner.js';
import { takeValues } from '../../../src/graph/take-values.js';
import { createEnet2018 } from '../../../src/train/models/enet-2018.js';
import { adamStep } from '../../../src/train/optimizer.js';
import {
  initialWeights,
  type NamedTensors,
  type PackedWeights,
  unpackParameters,
  unpackWeights,
} from '../../../src/train/packing.js';
import { createVictimProgram } from '../../../src/train/victim-program.js';
import { assertAllClose } from '../../support/all-close.js';
import { runPyTorch, usePyTorch } from '../../support/pytorch.js';
import { mapValues, randomArray, toTensor, useNativeTensorFlow } from '../../support/tensorflow.js';

const SCRIPT = fileURLToPath(new URL('enet_2018.py', import.meta.url));
const [COUNT, HEIGHT, WIDTH, CLASSES] = [2, 32, 48, 4];
/** Small pictures, so that no number lies so near to a kink or a tie that rounding decides its side (test/train/kinks.ts). */
const IMAGE = randomArray([COUNT, 3, HEIGHT, WIDTH], 5, 0, 1);
const LABELS = Int32Array.from({ length: COUNT * HEIGHT * WIDTH }, (_, i) => (i >> 3) % CLASSES);

describe('createEnet2018 in training, against PyTorch', function () {
  this.timeout(120_000);
  useNativeTensorFlow();
  usePyTorch();

  const { spec, ...model } = createEnet2018({ classCount: CLASSES, dropout: 0 });
  const weights = initialWeights(spec, 3);
  let expected: NamedTensors;
  let found: Awaited<ReturnType<typeof step>>;

  before(async () => {
    expected = await runPyTorch(
      SCRIPT,
      new Map([
        ...unpackWeights(spec, weights),
        ['image', { dtype: 'F32', shape: IMAGE.shape, data: Float32Array.from(IMAGE.values) }],
        ['label', { dtype: 'I32', shape: [COUNT, HEIGHT, WIDTH], data: LABELS }],
      ]),
    );
    found = await step();
  });

  it('computes its loss', () => {
    assertAllClose([found.loss], numbers('loss'), { rtol: 1e-5, atol: 0 }, 'loss');
  });

  it('computes every gradient: of a shared slope the sum over the places where it stands', () => {
    const gradients = unpackParameters(spec, found.gradient);
    for (const [name, { data }] of gradients) {
      const golden = numbers(`grad.${name}`);
      const difference = Math.hypot(...golden.map((value, i) => value - Number(data[i])));
      const share = difference / Math.hypot(...golden);
      assert.ok(share <= 1e-3, `${name}: differs by ${share} of its norm`);
    }
  });

  it('moves its running statistics', () => {
    for (const [name, { data }] of unpackWeights(spec, found.state)) {
      if (!/running_(mean|var)$/.test(name)) continue;
      assertAllClose(data as Float32Array, numbers(name), { rtol: 1e-4, atol: 1e-6 }, name);
    }
  });

  function numbers(name: string): number[] {
    return Array.from(expected.get(name)!.data, Number);
  }

  async function step() {
    const runner = createGraphRunner(
      createVictimProgram({
        model: { spec, ...model },
        weights,
        height: HEIGHT,
        width: WIDTH,
        trainBatchSizes: [COUNT],
        predictBatchSizes: [],
        classWeights: new Array<number>(CLASSES).fill(1),
        weightDecay: 0,
        outputGradient: true,
      }),
    );
    try {
      const outputs = tf.tidy(() => {
        const { stepSize, secondCorrection } = adamStep(1, 5e-4);
        const { loss, gradient } = runner.run(`train/${COUNT}`, {
          image: tf.transpose(toTensor(IMAGE), [0, 2, 3, 1]),
          label: tf.tensor(LABELS, [COUNT, HEIGHT, WIDTH], 'int32'),
          seed: tf.tensor1d([1, 2], 'int32'),
          stepSize: tf.scalar(stepSize),
          secondCorrection: tf.scalar(secondCorrection),
        });
        return { loss: loss!, gradient: gradient! };
      });
      const { loss, gradient } = await takeValues(outputs);
      const state = mapValues(await runner.readState(), ({ values }) => values as Float32Array);
      return {
        loss: loss[0]!,
        gradient: gradient as Float32Array,
        state: state as unknown as PackedWeights,
      };
    } finally {
      runner.dispose();
    }
  }
});
