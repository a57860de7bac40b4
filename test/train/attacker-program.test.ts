import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { createEagerRunner } from '../../src/graph/eager-runner.js';
import { createGraphRunner } from '../../src/graph/graph-runner.js';
import type { ProgramRunner } from '../../src/graph/program.js';
import { createAttackerProgram } from '../../src/train/attacker-program.js';
import { createAttacker } from '../../src/train/attackers/index.js';
import { ancestorLoss } from '../../src/train/attackers/loss.js';
import { createModel, type ModelName } from '../../src/train/models/index.js';
import { adamStep } from '../../src/train/optimizer.js';
import { initialWeights } from '../../src/train/packing.js';
import { assertAllClose } from '../support/all-close.js';
import { randomArray, tidily, toTensor, useNativeTensorFlow } from '../support/tensorflow.js';
import { TOLERANCE } from '../support/tolerances.js';

const [COUNT, HEIGHT, WIDTH, CLASSES] = [2, 32, 48, 4];
const IMAGE = randomArray([COUNT, HEIGHT, WIDTH, 3], 60, 0, 1);
const LABELS = Int32Array.from({ length: COUNT * HEIGHT * WIDTH }, (_, i) => (i >> 3) % CLASSES);

function program(victimName: ModelName = 'enet') {
  const attacker = createAttacker({ model: 'autoencoder', height: HEIGHT, width: WIDTH });
  const victim = createModel(victimName, { classCount: CLASSES });
  return createAttackerProgram({
    attacker,
    weights: initialWeights(attacker.spec, 1),
    height: HEIGHT,
    width: WIDTH,
    attackBatchSizes: [COUNT],
    victim: { model: victim, weights: initialWeights(victim.spec, 2) },
    training: {
      loss: ancestorLoss,
      batchSizes: [COUNT],
      classWeights: [1, 1, 1, 1],
      weightDecay: 2e-4,
    },
  });
}

type Terms = Record<'loss' | 'distance' | 'crossEntropy', number>;

function train(runner: ProgramRunner, step: number): Terms {
  return tidily(() => {
    const { stepSize, secondCorrection } = adamStep(step, 5e-3);
    const outputs = runner.run(`train/${COUNT}`, {
      image: toTensor(IMAGE),
      label: tf.tensor(LABELS, [COUNT, HEIGHT, WIDTH], 'int32'),
      seed: tf.tensor1d([1, 1024 * step], 'int32'),
      stepSize: tf.scalar(stepSize),
      secondCorrection: tf.scalar(secondCorrection),
    });
    const value = (name: keyof Terms): number => outputs[name]!.dataSync()[0]!;
    return {
      loss: value('loss'),
      distance: value('distance'),
      crossEntropy: value('crossEntropy'),
    };
  });
}

function attack(runner: ProgramRunner): Float32Array {
  return tidily(() =>
    runner.run(`attack/${COUNT}`, { image: toTensor(IMAGE) })['attacked']!.dataSync<'float32'>(),
  );
}

describe('createAttackerProgram', function () {
  this.timeout(60_000);
  useNativeTensorFlow();
  let runner: ProgramRunner;
  let start: Awaited<ReturnType<ProgramRunner['readState']>>;

  before(async () => {
    runner = createGraphRunner(program());
    start = await runner.readState();
  });
  beforeEach(() => runner.writeState(start));
  after(() => runner?.dispose());

  it('learns to raise the cross entropy of one batch', () => {
    const terms = Array.from({ length: 15 }, (_, i) => train(runner, i + 1));
    const [first, last] = [terms[0]!, terms.at(-1)!];
    assert.ok(last.loss < first.loss, `losses ${terms.map(({ loss }) => loss).join(', ')}`);
    for (const { loss, distance, crossEntropy } of terms) {
      const expected = 0.1 * distance - 100 * crossEntropy;
      assertAllClose([loss], [expected], TOLERANCE.float32Op, 'loss');
    }
  });

  for (const victim of ['enet', 'enet-2018'] as const) {
    it(`moves the attacker and its moments alone: weights and statistics of ${victim} stay bit for bit`, async () => {
      const own = createGraphRunner(program(victim));
      try {
        const before = await own.readState();
        for (let step = 1; step <= 3; step++) train(own, step);
        const after = await own.readState();
        const [moved, kept] = [
          ['parameters', 'firstMoment', 'secondMoment'],
          ['victimParameters', 'victimMean', 'victimVariance'],
        ];
        for (const name of moved) {
          assert.notDeepEqual(after[name]!.values, before[name]!.values, name);
        }
        for (const name of kept) {
          assert.deepEqual(bytesOf(after[name]!.values), bytesOf(before[name]!.values), name);
        }
      } finally {
        own.dispose();
      }
    });
  }

  it('changes nothing in an attack, and attacks the same from the same state', async () => {
    const before = attack(runner);
    assert.deepEqual(await runner.readState(), start);
    train(runner, 1);
    assert.notDeepEqual(attack(runner), before);
    runner.writeState(start);
    assert.deepEqual(attack(runner), before);
  });

  it('gives pictures in 0..1', () => {
    assert.ok(attack(runner).every((value) => value >= 0 && value <= 1));
  });

  it('computes recorded what it computes eagerly', async () => {
    const eager = createEagerRunner(program());
    try {
      const [a, b] = await Promise.all(
        [runner, eager].map(async (either) => {
          const terms = Object.values(train(either, 1));
          return { terms, moment: (await either.readState())['firstMoment']!.values };
        }),
      );
      assertAllClose(a!.terms, b!.terms, TOLERANCE.sameNetwork, 'terms');
      assertAllClose(a!.moment, b!.moment, { rtol: 1e-2, atol: 1e-4 }, 'gradient');
    } finally {
      eager.dispose();
    }
  });

  it('attacks without a victim', async () => {
    const attacker = createAttacker({ model: 'autoencoder', height: HEIGHT, width: WIDTH });
    const own = createGraphRunner(
      createAttackerProgram({
        attacker,
        weights: initialWeights(attacker.spec, 1),
        height: HEIGHT,
        width: WIDTH,
        attackBatchSizes: [COUNT],
      }),
    );
    try {
      assert.deepEqual(attack(own), attack(runner));
      assert.deepEqual(Object.keys(await own.readState()), ['parameters']);
    } finally {
      own.dispose();
    }
  });
});

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}
