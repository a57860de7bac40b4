import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  type AttackerCheckpoint,
  readAttackerCheckpoint,
  writeAttackerCheckpoint,
} from '../../src/train/attacker-checkpoint.js';
import { readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint.js';
import type { NamedTensors } from '../../src/train/packing.js';
import { attackerCheckpoint } from '../support/attacker-checkpoints.js';
import { checkpointAt } from '../support/checkpoints.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';

const UNTRAINED = attackerCheckpoint();
const TRAINED: AttackerCheckpoint = { ...UNTRAINED, optimizer: momentsOf(UNTRAINED.weights) };

function momentsOf(weights: NamedTensors): NamedTensors {
  return new Map([...weights].map(([name, tensor]) => [`exp_avg.${name}`, tensor]));
}

const within = (body: (folder: string) => Promise<void>): Promise<void> =>
  withTemporaryFolder((save) => body(path.join(save, 'mal')));

describe('writeAttackerCheckpoint', () => {
  for (const [what, checkpoint, files] of [
    ['without an optimizer', UNTRAINED, []],
    ['with one', TRAINED, ['optimizer.safetensors']],
  ] as const) {
    it(`writes what readAttackerCheckpoint reads, ${what}`, () =>
      within(async (folder) => {
        await writeAttackerCheckpoint(folder, checkpoint);
        assert.deepEqual(await readAttackerCheckpoint(folder), checkpoint);
        const expected = ['metrics.jsonl', 'state.json', 'summary.txt', 'weights.safetensors'];
        assert.deepEqual((await readdir(folder)).sort(), [...expected, ...files].sort());
      }));
  }

  it('takes away the optimizer of the checkpoint that it replaces', () =>
    within(async (folder) => {
      await writeAttackerCheckpoint(folder, TRAINED);
      await writeAttackerCheckpoint(folder, UNTRAINED);
      assert.deepEqual(await readAttackerCheckpoint(folder), UNTRAINED);
    }));

  it('keeps the options that an attacker has of its own', () =>
    within(async (folder) => {
      const config = { ...UNTRAINED.state.config, epsilon: 8 / 255 };
      const state = { ...UNTRAINED.state, config };
      await writeAttackerCheckpoint(folder, { ...UNTRAINED, state });
      assert.deepEqual((await readAttackerCheckpoint(folder)).state.config, config);
    }));

  it('says at a glance against whom it stands and how well', () =>
    within(async (folder) => {
      await writeAttackerCheckpoint(folder, UNTRAINED);
      const summary = await readFile(path.join(folder, 'summary.txt'), 'utf8');
      assert.match(summary, /cityscapes, 20 classes; victim: victim/);
      assert.match(summary, /mIoU under attack +6\.25 %/);
    }));
});

describe('readAttackerCheckpoint', () => {
  it('refuses a missing checkpoint', () =>
    within((folder) =>
      assert.rejects(readAttackerCheckpoint(folder), { code: 'CHECKPOINT_NOT_FOUND' }),
    ));

  it("refuses a victim's checkpoint, and readCheckpoint an attacker's", () =>
    within(async (folder) => {
      await writeCheckpoint(folder, checkpointAt(20));
      await assert.rejects(readAttackerCheckpoint(folder), {
        code: 'CHECKPOINT_INVALID',
        message: `${folder}: expected a checkpoint of an attacker, got one of a victim`,
      });
      await writeAttackerCheckpoint(folder, UNTRAINED);
      await assert.rejects(readCheckpoint(folder), {
        code: 'CHECKPOINT_INVALID',
        message: `${folder}: expected a checkpoint of a victim, got one of an attacker`,
      });
    }));

  for (const file of ['weights.safetensors', 'optimizer.safetensors']) {
    it(`names ${file} where it is gone, or changed`, () =>
      within(async (folder) => {
        await writeAttackerCheckpoint(folder, TRAINED);
        const place = path.join(folder, file);
        const bytes = await readFile(place);
        bytes[bytes.length - 1]! ^= 1;
        const named = (error: Error): boolean => error.message.includes(place);
        await writeFile(place, bytes);
        await assert.rejects(readAttackerCheckpoint(folder), named);
        await rm(place);
        await assert.rejects(readAttackerCheckpoint(folder), named);
      }));
  }

  for (const [what, change] of [
    ['an unknown network', { config: { ...UNTRAINED.state.config, model: 'other' } }],
    ['a size that no victim takes', { config: { ...UNTRAINED.state.config, width: 100 } }],
    ['a victim without a hash', { victim: { name: 'victim' } }],
  ] as const) {
    it(`refuses ${what}`, () =>
      within(async (folder) => {
        const state = { ...UNTRAINED.state, ...change } as AttackerCheckpoint['state'];
        await writeAttackerCheckpoint(folder, { ...UNTRAINED, state });
        await assert.rejects(readAttackerCheckpoint(folder), { code: 'CHECKPOINT_INVALID' });
      }));
  }
});
