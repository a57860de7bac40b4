import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isSegprobeError } from '../../src/shared/errors.js';
import { readAttackerCheckpoint } from '../../src/train/attacker-checkpoint.js';
import type { FrozenCheckpoint } from '../../src/train/attacker-training.js';
import { CITYSCAPES } from '../../src/shared/classes.js';
import { createDrawnDataset } from '../support/datasets.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { useNativeTensorFlow } from '../support/tensorflow.js';
import { frozenVictim, trainTinyAttacker } from '../support/tiny-attackers.js';
import { createNotes, interruptAt, type Told, trainTiny } from '../support/training.js';

describe('trainAttacker', function () {
  this.timeout(120_000);
  useNativeTensorFlow();
  let save: string;
  let remove: () => Promise<void>;
  let victim: FrozenCheckpoint;
  let victimBytes: readonly Buffer[];
  /** A training of two epochs that nothing interrupts. */
  let whole: string;
  let told: Told;

  const bytesOf = (folder: string): Promise<Buffer[]> =>
    Promise.all(
      ['weights.safetensors', 'optimizer.safetensors', 'state.json'].map((name) =>
        readFile(path.join(folder, name)),
      ),
    );

  before(async () => {
    ({ folder: save, remove } = await scratchFolder());
    const folder = path.join(save, 'victim');
    await trainTiny(folder);
    victim = await frozenVictim(folder);
    victimBytes = await bytesOf(folder);
    whole = path.join(save, 'whole');
    const observer = createNotes();
    await trainTinyAttacker(whole, victim, { observer });
    told = observer;
  });
  after(() => remove());

  it('leaves the victim as it is, to the last bit', async () => {
    assert.deepEqual(await bytesOf(path.join(save, 'victim')), victimBytes);
  });

  it('keeps the weights of the epoch after which the victim saw least, and what they do', async () => {
    const { state } = await readAttackerCheckpoint(whole);
    const mious = told.epochs.map(({ valMiou }) => valMiou!);
    assert.equal(mious.length, 2);
    const best = state.best!;
    assert.equal(best.miouAttacked, Math.min(...mious));
    assert.equal(best.epoch, 1 + mious.indexOf(Math.min(...mious)));
    assert.ok(best.linf! > 0 && best.linf! <= 8 / 255 + 1e-6, `${best.linf}`);
    // No pixel differs by more than 8/255: the mean square is at most its square.
    assert.ok(best.psnrDb! >= -20 * Math.log10(8 / 255) - 1e-3, `${best.psnrDb}`);
    assert.deepEqual(state.victim, { name: 'victim', sha256: victim.weightsSha256 });
  });

  it('lowers what it is to lower, against a victim that has learnt', async () => {
    // Every step takes all five scenes: losses of the same pictures are compared.
    const config = { batchSize: 5, epochs: 40, learningRate: 1e-2, augment: [], valEvery: 40 };
    const folder = path.join(save, 'learnt');
    await trainTiny(folder, { config });
    const observer = createNotes();
    await trainTinyAttacker(path.join(save, 'longer'), await frozenVictim(folder), {
      observer,
      config: { ...config, epochs: 10, valEvery: 10, loss: 'cross-entropy' },
    });
    const losses = observer.epochs.map(({ trainLoss }) => trainLoss);
    assert.ok(losses.at(-1)! < losses[0]! - 0.05, losses.join(', '));
  });

  it('is the same to the last bit when it is interrupted and resumed', async () => {
    const folder = path.join(save, 'interrupted');
    await assert.rejects(
      trainTinyAttacker(folder, victim, interruptAt({ step: 4 })),
      (error) =>
        isSegprobeError(error, 'CANCELLED') && /after step 4, which is saved/.test(error.message),
    );
    const observer = createNotes();
    await trainTinyAttacker(folder, victim, { existing: 'resume', observer });
    assert.deepEqual(observer.steps, told.steps.slice(4));
    const [found, expected] = [
      await readAttackerCheckpoint(folder),
      await readAttackerCheckpoint(whole),
    ];
    assert.deepEqual(found.weights, expected.weights);
    assert.deepEqual(found.optimizer, expected.optimizer);
    assert.deepEqual(found.state.best, expected.state.best);
  });

  it('is not resumed against another victim', async () => {
    const other = { ...victim, name: 'other', weightsSha256: 'b'.repeat(64) };
    await assert.rejects(
      trainTinyAttacker(whole, other, { existing: 'resume', config: { epochs: 3 } }),
      (error) => isSegprobeError(error, 'USAGE') && /got those of other/.test(error.message),
    );
  });

  it('refuses a victim of other classes', async () => {
    const train = { ...createDrawnDataset(5), classTable: CITYSCAPES };
    await assert.rejects(
      trainTinyAttacker(path.join(save, 'classes'), victim, { train }),
      (error) =>
        isSegprobeError(error, 'DATASET_INVALID') &&
        /expected the checkpoint's classes/.test(error.message),
    );
  });

  for (const config of [
    { model: 'autoencoder', loss: 'ancestor' },
    // 4.5/255: rounded to 8 bits it is 4/255 that must hold.
    { model: 'universal', epsilon: 4.5 / 255 },
    { model: 'residual', epsilon: 0.5, norm: 'l2', loss: 'margin' },
    { model: 'residual', goal: 'become:road' },
    { model: 'residual', cropHeight: 24, cropWidth: 24, augment: ['flip', 'scale'] },
  ]) {
    it(`trains ${JSON.stringify(config)}`, async () => {
      const folder = path.join(save, JSON.stringify(config).replaceAll(/\W/g, ''));
      const state = await trainTinyAttacker(folder, victim, { config: { ...config, epochs: 1 } });
      assert.equal(state.epoch, 1);
      const { psnrDb, linf } = state.best!;
      assert.ok(Number.isFinite(psnrDb) && linf! > 0);
      if (config.model === 'universal') assert.ok(linf! <= 4 / 255 + 1e-6, `${linf}`);
    });
  }
});
