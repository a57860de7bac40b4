import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { isNativeTensorFlowReady } from '../../src/graph/native/link.js';
import { nodeBackend } from '../../src/graph/node-backend.js';
import type { Program } from '../../src/graph/program.js';
import { takeConstants } from '../../src/graph/take-values.js';
import { createRunner, useDevice } from '../../src/train/device.js';
import { crossEntropy } from '../../src/train/kernels/cross-entropy.js';
import { createEnet } from '../../src/train/models/enet.js';
import { initialWeights } from '../../src/train/packing.js';
import { createEvaluationPass } from '../../src/train/pass.js';
import { createVictim } from '../../src/train/victim.js';
import { isSegprobeError } from '../../src/shared/errors.js';
import { assertAllClose } from '../support/all-close.js';
import { onBackend } from '../support/on-backend.js';
import {
  randomArray,
  toTensor,
  useNativeTensorFlow,
  useWebAssembly,
  useWebGpu,
} from '../support/tensorflow.js';

const quiet = (): void => undefined;

/** Refused with a message that names the device. */
function assertUnavailable(device: 'cuda' | 'webgpu', message: RegExp): Promise<void> {
  return assert.rejects(
    useDevice(device, quiet),
    (error) => isSegprobeError(error, 'BACKEND_UNAVAILABLE') && message.test(error.message),
  );
}

describe('useDevice', () => {
  it('says what WebGPU needs where there is no adapter', async () => {
    const before = process.env['VK_ICD_FILENAMES'];
    process.env['VK_ICD_FILENAMES'] = '/no/driver.json';
    try {
      await assertUnavailable('webgpu', /expected --device webgpu, got no adapter: it needs a GPU/);
    } finally {
      if (before === undefined) delete process.env['VK_ICD_FILENAMES'];
      else process.env['VK_ICD_FILENAMES'] = before;
    }
  });

  describe('with native TensorFlow', () => {
    useNativeTensorFlow();

    it('tells which TensorFlow computes on the CPU, and quietly', async () => {
      const messages: string[] = [];
      const found = await useDevice('cpu', (message) => void messages.push(message));
      assert.deepEqual(found.device, 'cpu');
      assert.match(found.description, /^TensorFlow \d+\.\d+\.\d+ on cpu$/);
      assert.deepEqual(messages, []);
      assert.equal(tf.getBackend(), 'tensorflow');
    });

    it('says what gives a GPU where there is none', async function () {
      if (nodeBackend().binding.isUsingGpuDevice()) this.skip();
      await assertUnavailable('cuda', /sees no GPU; `npm run setup -- --gpu`.*doctor/);
    });
  });
});

const EAGER = { wasm: useWebAssembly, webgpu: useWebGpu };

for (const [device, useIt] of Object.entries(EAGER))
  describe(`useDevice ${device}`, function () {
    this.timeout(240_000);
    // On a software adapter a step takes ten seconds.
    const isSlow = device === 'webgpu';
    useIt();
    const [SIZE, CLASSES] = [32, 12];
    const IMAGE = randomArray([2, SIZE, SIZE, 3], 60, 0, 1);
    const LABELS = Int32Array.from({ length: 2 * SIZE * SIZE }, (_, i) => (i >> 4) % CLASSES);

    it('makes it the backend', () => assert.equal(tf.getBackend(), device));

    /** Loss and gradient of ENet in evaluation mode, which draws nothing: for each weight `[parameters]`. */
    async function lossAndGradient(): Promise<{ loss: number; gradient: Float32Array }> {
      const model = createEnet({ classCount: CLASSES });
      const { parameters, runningMean, runningVariance } = initialWeights(model.spec, 1);
      const labels = { dtype: 'int32', shape: [2, SIZE, SIZE] } as const;
      const vector = (values: Float32Array) =>
        ({ dtype: 'float32', shape: [values.length], values }) as const;
      const program: Program = {
        state: {
          parameters: vector(parameters),
          runningMean: vector(runningMean),
          runningVariance: vector(runningVariance),
        },
        functions: {
          run: {
            inputs: { image: { dtype: 'float32', shape: IMAGE.shape }, labels },
            run: (inputs, state) => {
              const lossOf = tf.valueAndGrad((weights: tf.Tensor) => {
                const { runningMean, runningVariance } = state;
                const pass = createEvaluationPass(model.spec, {
                  parameters: weights,
                  runningMean: runningMean!,
                  runningVariance: runningVariance!,
                });
                const logits = model.forward(inputs['image'] as tf.Tensor4D, pass);
                return crossEntropy(logits, inputs['labels']!, tf.ones([CLASSES]));
              });
              const { value: loss, grad: gradient } = lossOf(state['parameters']!);
              return { outputs: { loss, gradient } };
            },
          },
        },
      };
      const runner = createRunner(program);
      try {
        const { loss, gradient } = await takeConstants(
          tf.tidy(() =>
            runner.run('run', {
              image: toTensor(IMAGE),
              labels: tf.tensor(LABELS, [...labels.shape], 'int32'),
            }),
          ),
        );
        return { loss: loss!.values[0]!, gradient: gradient!.values as Float32Array };
      } finally {
        runner.dispose();
      }
    }

    it(`gives the loss and the gradient that native TensorFlow gives${isSlow ? ' @slow' : ''}`, async function () {
      if (isSlow && !process.env['SEGPROBE_SLOW']) this.skip();
      if (!isNativeTensorFlowReady()) this.skip();
      const found = await lossAndGradient();
      const expected = await onBackend('tensorflow', lossAndGradient);
      const tolerance = { rtol: 1e-4, atol: 1e-4 };
      assertAllClose([found.loss], [expected.loss], tolerance, 'loss');
      assertAllClose(found.gradient, expected.gradient, tolerance, 'gradient');
      const largest = expected.gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      assert.ok(largest > 0.01, `the largest derivative is ${largest}`);
    });

    it(`learns, keeps no tensors and predicts${isSlow ? ' @slow' : ''}`, async function () {
      if (isSlow && !process.env['SEGPROBE_SLOW']) this.skip();
      const victim = createVictim({
        height: SIZE,
        width: SIZE,
        classCount: CLASSES,
        predictBatchSizes: [2],
        training: {
          batchSizes: [2],
          classWeights: new Array<number>(CLASSES).fill(1),
          weightDecay: 2e-4,
        },
      });
      try {
        const images = Float32Array.from(IMAGE.values);
        const batch = { names: ['a', 'b'], images, labels: LABELS, count: 2 };
        const losses: number[] = [];
        const train = async (step: number): Promise<void> => {
          losses.push(await victim.trainStep(batch, { step, learningRate: 5e-3, seed: 1 }));
        };
        await train(1);
        const tensors = tf.memory().numTensors;
        for (let step = 2; step <= 6; step++) await train(step);
        assert.ok(losses.at(-1)! < losses[0]! - 0.1, losses.join(', '));
        assert.equal((await victim.predict(images, 2)).length, LABELS.length);
        victim.writeOptimizer(await victim.readOptimizer(), 'itself');
        assert.equal(tf.memory().numTensors, tensors);
      } finally {
        victim.dispose();
      }
    });
  });
