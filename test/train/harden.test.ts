import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { isSegprobeError } from '../../src/shared/errors.js';
import { readAttackerCheckpoint } from '../../src/train/attacker-checkpoint.js';
import type { FrozenCheckpoint } from '../../src/train/attacker-training.js';
import { readCheckpoint, weightsFileOf } from '../../src/train/checkpoint.js';
import { parseTrainConfig } from '../../src/train/config.js';
import { attackerFolderOf, hardenVictim, type HardenOptions } from '../../src/train/harden.js';
import { createHardening, type FrozenAttacker } from '../../src/train/hardening.js';
import { scoreUnderAttack } from '../../src/train/score-under-attack.js';
import { createDrawnDataset } from '../support/datasets.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { useNativeTensorFlow } from '../support/tensorflow.js';
import { frozenVictim, trainTinyAttacker } from '../support/tiny-attackers.js';
import { createNotes, interruptAt, TINY, trainTiny } from '../support/training.js';

describe('hardening', function () {
  this.timeout(120_000);
  useNativeTensorFlow();
  let save: string;
  let remove: () => Promise<void>;
  let victim: FrozenCheckpoint;
  let attacker: FrozenAttacker & { readonly name: string };
  /** Measured on what is learnt: so few scenes teach nothing about others. */
  const [train, val] = [createDrawnDataset(4), createDrawnDataset(4)];
  const LEARNING = { batchSize: 4, learningRate: 5e-3, lrDecayEpochs: 1000, valEvery: 10 };

  before(async () => {
    ({ folder: save, remove } = await scratchFolder());
    await trainTiny(path.join(save, 'victim'), {
      train,
      val,
      config: { ...LEARNING, epochs: 40 },
    });
    victim = await frozenVictim(path.join(save, 'victim'));
    const folder = path.join(save, 'mal');
    await trainTinyAttacker(folder, victim, {
      train,
      val,
      config: { ...LEARNING, learningRate: 2e-3, epsilon: 0.2, epochs: 15 },
    });
    const { state, weights } = await readAttackerCheckpoint(folder);
    attacker = { name: 'mal', state, weights, weightsFile: weightsFileOf(folder) };
  });
  after(() => remove());

  const options = (
    folder: string,
    own: Partial<HardenOptions> & { readonly epochs?: number } = {},
  ): HardenOptions => {
    const { epochs = 2, ...others } = own;
    return {
      folder,
      victim,
      attacker,
      rounds: 1,
      attackerEpochs: 1,
      readVictim: () => frozenVictim(folder),
      train,
      val,
      existing: 'refuse',
      cacheDir: path.join(save, 'cache'),
      observer: createNotes(),
      config: parseTrainConfig({
        ...TINY,
        ...LEARNING,
        epochs,
        pretrained: 'victim',
        attackers: ['mal'],
      }),
      ...others,
    };
  };

  const attacked = async (folder: string): Promise<number> => {
    const { checkpoint, weightsFile } = await frozenVictim(folder);
    const scored = { ...checkpoint, weightsFile };
    const { miou } = await scoreUnderAttack({
      victim: scored,
      attacker,
      dataset: val,
      batchSize: 2,
    });
    return miou!;
  };

  it('leads to a victim that sees more under the attack', async () => {
    const folder = path.join(save, 'hard');
    const { best } = await hardenVictim(options(folder, { epochs: 40 }));
    const [before, after] = [await attacked(path.join(save, 'victim')), await attacked(folder)];
    assert.ok(after > before + 0.05, `${before} -> ${after}`);
    // What was kept is the epoch that is best at both.
    assert.ok(Math.abs(best!.miouAttacked! - after) < 1e-9, `${best!.miouAttacked}, ${after}`);
  });

  it('goes on after an interruption as if there had been none', async () => {
    const [whole, folder] = ['whole', 'interrupted'].map((name) => path.join(save, name));
    await hardenVictim(options(whole!));
    await assert.rejects(hardenVictim(options(folder!, interruptAt({ step: 1 }))), (error) =>
      isSegprobeError(error, 'CANCELLED'),
    );
    await hardenVictim(options(folder!, { existing: 'resume' }));
    const [found, expected] = [await readCheckpoint(folder!), await readCheckpoint(whole!)];
    assert.deepEqual(found.weights, expected.weights);
    assert.deepEqual(found.optimizer, expected.optimizer);
  });

  it('takes turns: a further attacker for each further round, which joins those before', async () => {
    const folder = path.join(save, 'turns');
    const parts: string[] = [];
    await hardenVictim(options(folder, { rounds: 2, onPart: (part) => void parts.push(part) }));
    assert.deepEqual(parts, [
      'round 1 of 2: training the victim against mal',
      'round 2 of 2: training turns-attacker-2 against the victim',
      'round 2 of 2: training the victim against mal, turns-attacker-2',
    ]);
    const { state } = await readCheckpoint(folder);
    assert.deepEqual(state.config.attackers, ['mal', 'turns-attacker-2']);
    assert.equal(state.epoch, 2);
    assert.ok(existsSync(path.join(attackerFolderOf(folder, 2), 'weights.safetensors')));
  });

  it('refuses attackers of different networks, and a universal one of another size', () => {
    const config = parseTrainConfig({ ...TINY });
    const other = {
      ...attacker,
      state: { ...attacker.state, config: { ...attacker.state.config } },
    };
    other.state.config.epsilon = 0.1;
    const isUsage = (pattern: RegExp) => (error: unknown) =>
      isSegprobeError(error, 'USAGE') && pattern.test(error.message);
    assert.throws(
      () => createHardening(config, [attacker, other]),
      isUsage(
        /expected attackers of one kind \(residual, linf 51.0\/255\), got residual, linf 25.5/,
      ),
    );
    const universal = { model: 'universal', epsilon: 0.1, height: 64, width: 32 } as const;
    const large = {
      ...attacker,
      state: { ...attacker.state, config: { ...attacker.state.config, ...universal } },
    };
    assert.throws(
      () => createHardening(config, [large]),
      isUsage(/expected a universal perturbation of 32×32 pixels, got one of 32×64/),
    );
  });
});
