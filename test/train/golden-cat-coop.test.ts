import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { createEagerRunner } from '../../src/graph/eager-runner.js';
import { createGraphRunner } from '../../src/graph/graph-runner.js';
import type { Program, ProgramRunner } from '../../src/graph/program.js';
import { createAttackerProgram } from '../../src/train/attacker-program.js';
import { ancestorLoss } from '../../src/train/attackers/loss.js';
import { adamStep } from '../../src/train/optimizer.js';
import { packedSizes, type PackedWeights, unpackParameters } from '../../src/train/packing.js';
import { createVictimProgram } from '../../src/train/victim-program.js';
import { assertAllClose } from '../support/all-close.js';
import {
  attackerModel,
  CAT_COOP,
  goldenNumbers,
  packNetworks,
  readImage,
  readPng,
  victimModel,
} from '../support/cat-coop.js';
import { useGolden } from '../support/golden.js';
import { tidily, useNativeTensorFlow } from '../support/tensorflow.js';
import { type Disagreement, turnTies } from './pooling-ties.js';

const { size, pictures, classCount } = CAT_COOP;
const { height, width } = size;
const LOGITS_FILE = 'victim-eval-logits-val0-every4th.safetensors';
/** Windows of 230,000 in which pooling takes the other of two numbers that are equal but for rounding. */
const MAX_TURNED = 4;
const STEP_FILE = 'attacker_step.safetensors';
const STEP_BATCH = 2;

/** The Malicious Autoencoder's own numbers, by TensorFlow. */
describe('the Malicious Autoencoder @golden', function () {
  this.timeout(120_000);
  useGolden('cat-coop');
  useNativeTensorFlow();

  let networks: { victim: PackedWeights; attacker: PackedWeights };
  before(() => void (networks = packNetworks()));

  it('has 440 parameters, and 358,134 of its victim', () => {
    assert.equal(packedSizes(attackerModel.spec).parameters, 440);
    assert.equal(packedSizes(victimModel.spec).parameters, 358_134);
  });

  describe('on its published pictures', () => {
    let attacker: ProgramRunner;
    let victim: ProgramRunner;

    before(() => {
      attacker = createGraphRunner(
        createAttackerProgram({
          attacker: attackerModel,
          weights: networks.attacker,
          ...size,
          attackBatchSizes: [1],
        }),
      );
      victim = createGraphRunner(
        createVictimProgram({
          model: victimModel,
          weights: networks.victim,
          ...size,
          trainBatchSizes: [],
          predictBatchSizes: [1],
          classWeights: [],
          weightDecay: 0,
        }),
      );
    });
    after(() => [attacker, victim].forEach((runner) => runner?.dispose()));

    for (const picture of pictures) {
      it(`attacks ${picture} to within 1/255 everywhere, and fools its victim as published`, async () => {
        const image = await readImage(`orig${picture}`);
        const published = await readImage(`trans${picture}`);
        const found = tidily(() => {
          const clean = tf.tensor4d(image, [1, height, width, 3]);
          const attacked = attacker.run('attack/1', { image: clean })['attacked']!;
          const labelsOf = (x: tf.Tensor): Int32Array =>
            victim.run('predict/1', { image: x })['labels']!.dataSync<'int32'>();
          return {
            attacked: attacked.dataSync<'float32'>(),
            labels: { orig: labelsOf(clean), attacked: labelsOf(attacked) },
          };
        });
        assertAllClose(found.attacked, published, { rtol: 0, atol: 1 / 255 + 1e-6 }, picture);
        for (const kind of ['orig', 'attacked'] as const) {
          const expected = await readPng(`victim-eval-${kind}-${picture}`, 1);
          const agreeing = found.labels[kind].filter((label, i) => label === expected[i]).length;
          const share = agreeing / expected.length;
          assert.ok(share >= 0.999, `${kind}: ${share} of the labels agree`);
        }
      });
    }
  });

  describe('asked for the logits of its victim', () => {
    for (const [input, output] of [
      ['input_nchw', 'logits_orig_nchw'],
      ['attacked_nchw', 'logits_attacked_nchw'],
    ] as const) {
      it(`gives ${output}, where pooling takes what it took of numbers that are equal but for rounding`, () => {
        const expected = goldenNumbers(LOGITS_FILE, output);
        const image = images(LOGITS_FILE, input, 1);
        const test = { model: victimModel, weights: networks.victim, image };
        const { turned, logits } = turnTies(test, (found) =>
          disagreement(sampled(found), expected),
        );
        image.dispose();
        assertLogits(sampled(logits), expected, output);
        assert.ok(turned.length <= MAX_TURNED, `${turned.length} windows are turned`);
      });
    }

    it('notices one class whose logits are a hundredth off', () => {
      const golden = goldenNumbers(LOGITS_FILE, 'logits_attacked_nchw');
      const plane = golden.length / classCount;
      const expected = golden.map((logit, i) => (i < plane ? 1.01 * logit : logit));
      const image = images(LOGITS_FILE, 'attacked_nchw', 1);
      const test = { model: victimModel, weights: networks.victim, image };
      const { logits } = turnTies(test, (found) => disagreement(sampled(found), expected));
      image.dispose();
      assert.throws(() => assertLogits(sampled(logits), expected, 'logits'), /expected .* got /);
    });
  });

  describe('in training', () => {
    for (const create of [createGraphRunner, createEagerRunner]) {
      it(`computes its distance, cross entropy, loss and gradients by ${create.name}`, () => {
        const { gradient, ...scalars } = step(create);
        for (const [name, golden] of [
          ['distance', 'dist'],
          ['crossEntropy', 'cross_entropy'],
          ['loss', 'loss'],
        ] as const) {
          const expected = goldenNumbers(STEP_FILE, golden);
          assertAllClose(scalars[name], expected, { rtol: 1e-5, atol: 0 }, name);
        }
        for (const [name, { data }] of unpackParameters(attackerModel.spec, gradient)) {
          const expected = goldenNumbers(STEP_FILE, `grad.${name}`);
          const difference = norm(expected.map((value, i) => value - Number(data[i])));
          const share = difference / norm(expected);
          assert.ok(share <= 1e-3, `${name}: differs by ${share} of its norm`);
        }
      });
    }
  });

  /** Its step, on its two pictures. */
  function step(create: (program: Program) => ProgramRunner) {
    const program = createAttackerProgram({
      attacker: attackerModel,
      weights: networks.attacker,
      ...size,
      attackBatchSizes: [],
      victim: { model: victimModel, weights: networks.victim },
      training: {
        loss: ancestorLoss,
        batchSizes: [STEP_BATCH],
        classWeights: new Array<number>(classCount).fill(1),
        weightDecay: 0,
        outputGradient: true,
      },
    });
    const runner = create(program);
    try {
      return tidily(() => {
        const { stepSize, secondCorrection } = adamStep(1, 5e-4);
        const label = Int32Array.from(goldenNumbers(STEP_FILE, 'label'));
        const outputs = runner.run(`train/${STEP_BATCH}`, {
          image: images(STEP_FILE, 'input_nchw', STEP_BATCH),
          label: tf.tensor3d(label, [STEP_BATCH, height, width], 'int32'),
          seed: tf.tensor1d([1, 2], 'int32'),
          stepSize: tf.scalar(stepSize),
          secondCorrection: tf.scalar(secondCorrection),
        });
        const valuesOf = (name: string): Float32Array => outputs[name]!.dataSync<'float32'>();
        return {
          loss: valuesOf('loss'),
          distance: valuesOf('distance'),
          crossEntropy: valuesOf('crossEntropy'),
          gradient: valuesOf('gradient'),
        };
      });
    } finally {
      runner.dispose();
    }
  }
});

/** The logits of every fourth row and column: `[H, W, K]` to `[K, H/4, W/4]`. */
function sampled(logits: Float32Array): Float32Array {
  const planes = [];
  for (let k = 0; k < classCount; k++)
    for (let y = 0; y < height; y += 4)
      for (let x = 0; x < width; x += 4) planes.push(logits[(y * width + x) * classCount + k]!);
  return Float32Array.from(planes);
}

function toleranceOf(expected: Float32Array): number {
  return 1e-3 * expected.reduce((largest, logit) => Math.max(largest, Math.abs(logit)), 0);
}

function assertLogits(found: Float32Array, expected: Float32Array, what: string): void {
  assertAllClose(found, expected, { rtol: 0, atol: toleranceOf(expected) }, what);
}

function disagreement(found: Float32Array, expected: Float32Array): Disagreement {
  const tolerance = toleranceOf(expected);
  let [amount, worst, place] = [0, 0, 0];
  expected.forEach((logit, i) => {
    const difference = Math.abs(found[i]! - logit);
    if (difference > tolerance) amount += difference;
    if (difference > worst) [worst, place] = [difference, i];
  });
  const cell = place % ((height / 4) * (width / 4));
  return { amount, y: 4 * Math.floor(cell / (width / 4)), x: (4 * cell) % width };
}

/** Golden pictures as TensorFlow has them. */
function images(file: string, name: string, count: number): tf.Tensor4D {
  return tf.tidy(() => {
    const planes = tf.tensor4d(goldenNumbers(file, name), [count, 3, height, width]);
    return tf.transpose(planes, [0, 2, 3, 1]);
  });
}

function norm(values: ArrayLike<number>): number {
  return Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0));
}
