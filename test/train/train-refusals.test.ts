import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { writeCheckpoint } from '../../src/train/checkpoint.js';
import { parseTrainConfig } from '../../src/train/config.js';
import { lockRun } from '../../src/train/run-lock.js';
import type { TrainState } from '../../src/train/train-state.js';
import { type ErrorCode, isSegprobeError } from '../../src/shared/errors.js';
import { checkpointAt } from '../support/checkpoints.js';
import { createDrawnDataset } from '../support/datasets.js';
import { mountSmallDisk } from '../support/small-disk.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';
import { useNativeTensorFlow } from '../support/tensorflow.js';
import { contentsOf, createNotes, TINY, trainTiny } from '../support/training.js';

function withSave(body: (folder: string, save: string) => Promise<void>): Promise<void> {
  return withTemporaryFolder((save) => body(path.join(save, 'ENet'), save));
}

async function assertRefused(
  training: Promise<TrainState>,
  code: ErrorCode,
  message = /./,
): Promise<void> {
  await assert.rejects(
    training,
    (error) => isSegprobeError(error, code) && message.test(error.message),
  );
}

/** A checkpoint of {@link TINY}'s options, whose tensors are not ENet's. */
function tinyCheckpoint(own: Partial<TrainState> = {}) {
  const checkpoint = checkpointAt(13);
  const config = parseTrainConfig({ ...TINY, limit: 5 });
  return { ...checkpoint, state: { ...checkpoint.state, scenes: 5, config, ...own } };
}

describe('trainVictim, refusing before it computes', () => {
  it('refuses a name that another training holds, and leaves its lock', () =>
    withSave(async (folder) => {
      const lock = await lockRun(folder);
      for (const existing of ['refuse', 'resume', 'overwrite'] as const) {
        await assertRefused(trainTiny(folder, { existing }), 'RUN_IN_PROGRESS');
      }
      await lock.release();
    }));

  it('refuses a name that has a checkpoint, says what to do, and frees the name', () =>
    withSave(async (folder, save) => {
      await writeCheckpoint(folder, tinyCheckpoint());
      const before = await contentsOf(folder);
      const message = /ENet: .*--resume.*--overwrite.*--name/;
      await assertRefused(trainTiny(folder), 'CHECKPOINT_EXISTS', message);
      assert.deepEqual(await contentsOf(folder), before);
      assert.deepEqual(await readdir(save), ['ENet']);
    }));

  it('refuses to resume what is not there', () =>
    withSave(async (folder) => {
      await assertRefused(trainTiny(folder, { existing: 'resume' }), 'CHECKPOINT_NOT_FOUND');
    }));

  const changes: { name: string; config: Record<string, unknown>; message: RegExp }[] = [
    {
      name: 'another batch size',
      config: { limit: 5, batchSize: 3 },
      message: /^--batch-size: expected 2 .*, got 3$/,
    },
    { name: 'another limit', config: { limit: 4 }, message: /^--limit: expected 5 .*, got 4$/ },
    {
      name: 'no limit where there was one',
      config: {},
      message: /^--limit: expected 5 .*, got none$/,
    },
    {
      name: 'another seed',
      config: { limit: 5, seed: 9 },
      message: /^--seed: expected 1 .*, got 9$/,
    },
  ];
  for (const { name, config, message } of changes) {
    it(`refuses to resume with ${name}`, () =>
      withSave(async (folder) => {
        await writeCheckpoint(folder, tinyCheckpoint());
        const training = trainTiny(folder, { existing: 'resume', config });
        await assertRefused(training, 'USAGE', message);
      }));
  }

  it('refuses to resume with other classes or another number of scenes', () =>
    withSave(async (folder) => {
      const resume = () => trainTiny(folder, { existing: 'resume', config: { limit: 5 } });
      await writeCheckpoint(folder, tinyCheckpoint({ scenes: 4 }));
      const scenes = /drawn train: expected 4 scenes as when the training began, got 5/;
      await assertRefused(resume(), 'DATASET_INVALID', scenes);
      await writeCheckpoint(folder, tinyCheckpoint({ classes: [{ name: 'a', color: [0, 0, 0] }] }));
      const classes = /drawn train: expected the checkpoint's classes \(a\), got sky, building/;
      await assertRefused(resume(), 'DATASET_INVALID', classes);
    }));

  it('refuses an empty split', () =>
    withSave(async (folder) => {
      const message = /drawn train: expected at least one scene/;
      const training = trainTiny(folder, { train: createDrawnDataset(0) });
      await assertRefused(training, 'DATASET_INVALID', message);
    }));

  it('stops counting the classes when it is interrupted, and leaves nothing', () =>
    withSave(async (folder, save) => {
      const controller = new AbortController();
      let counted = 0;
      const training = trainTiny(folder, {
        train: createDrawnDataset(100),
        config: { weighing: 'enet' },
        onClassPixels: (done) => {
          counted = done;
          if (done === 3) controller.abort();
        },
        signal: controller.signal,
      });
      await assertRefused(training, 'CANCELLED', /nothing is saved/);
      assert.ok(counted < 30, `counted ${counted}`);
      assert.deepEqual(await readdir(save), []);
    }));
});

describe('trainVictim, refusing on native TensorFlow', function () {
  this.timeout(60_000);
  useNativeTensorFlow();

  it("names the optimizer's file when its tensors are not ENet's", () =>
    withSave(async (folder) => {
      await writeCheckpoint(folder, tinyCheckpoint());
      const training = trainTiny(folder, { existing: 'resume', config: { limit: 5 } });
      const message = /optimizer\.safetensors, weights\.\*: expected initial_block\S+ as F32/;
      await assertRefused(training, 'CHECKPOINT_INVALID', message);
    }));

  it('leaves a checkpoint that is to be overwritten until there is another', () =>
    withSave(async (folder) => {
      await writeCheckpoint(folder, tinyCheckpoint());
      const before = await contentsOf(folder);
      const stopped = trainTiny(folder, { existing: 'overwrite', signal: AbortSignal.abort() });
      await assertRefused(stopped, 'CANCELLED', /before the first step; nothing is saved/);
      assert.deepEqual(await contentsOf(folder), before);
      const state = await trainTiny(folder, { existing: 'overwrite', config: { epochs: 1 } });
      assert.equal(state.step, 3);
      assert.notDeepEqual(await contentsOf(folder), before);
    }));

  it('keeps the checkpoint of the epoch before, whole, when the disk is full @slow', async function () {
    if (!process.env['SEGPROBE_SLOW']) this.skip();
    // One checkpoint takes 5.9 MB, and the next is written beside it.
    const disk = mountSmallDisk(8000);
    if (disk === undefined) {
      process.stdout.write('    skipped: a tmpfs cannot be mounted here\n');
      this.skip();
    }
    try {
      const folder = path.join(disk.folder, 'ENet');
      let kept: Promise<object> | undefined;
      const observer = createNotes({ onEpoch: () => void (kept = contentsOf(folder)) });
      await assertRefused(trainTiny(folder, { observer }), 'DISK_FULL', /expected room to write/);
      assert.equal(observer.epochs.length, 1);
      assert.deepEqual(await contentsOf(folder), await kept);
      assert.deepEqual(await readdir(disk.folder), ['ENet']);
    } finally {
      disk.remove();
    }
  });
});
