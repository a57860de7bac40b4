import assert from 'node:assert/strict';
import { cp, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  hasCheckpoint,
  readCheckpoint,
  recoverCheckpoint,
  weightsFileOf,
  writeCheckpoint,
} from '../../src/train/checkpoint.js';
import { isSegprobeError } from '../../src/shared/errors.js';
import { checkpointAt } from '../support/checkpoints.js';
import { mountSmallDisk } from '../support/small-disk.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';

const [OLD, NEW] = [checkpointAt(10), checkpointAt(20)];
const NAMES = ['metrics.jsonl', 'optimizer.safetensors', 'state.json', 'summary.txt'];

/** A folder for checkpoints, and the place of one in it. */
function withSave(body: (folder: string, save: string) => Promise<void>): Promise<void> {
  return withTemporaryFolder((save) => body(path.join(save, 'ENet'), save));
}

const listOf = async (folder: string): Promise<string[]> => (await readdir(folder)).sort();

describe('writeCheckpoint', () => {
  it('writes what readCheckpoint reads, and nothing beside it', () =>
    withSave(async (folder, save) => {
      await writeCheckpoint(folder, OLD);
      assert.deepEqual(await readCheckpoint(folder), OLD);
      assert.deepEqual(await listOf(save), ['ENet']);
      assert.deepEqual(await listOf(folder), [...NAMES, 'weights.safetensors']);
    }));

  it('takes the place of the checkpoint before', () =>
    withSave(async (folder, save) => {
      await writeCheckpoint(folder, OLD);
      await writeCheckpoint(folder, NEW);
      assert.deepEqual(await readCheckpoint(folder), NEW);
      assert.deepEqual(await listOf(save), ['ENet']);
    }));

  it('writes a line an epoch and a summary', () =>
    withSave(async (folder) => {
      await writeCheckpoint(folder, checkpointAt(23));
      const lines = await readFile(path.join(folder, 'metrics.jsonl'), 'utf8');
      const [first, second] = [1, 2].map((epoch) => JSON.stringify({ epoch, trainLoss: 1 / 3 }));
      assert.equal(lines, `${first}\n${second}\n`);
      const summary = await readFile(path.join(folder, 'summary.txt'), 'utf8');
      assert.match(summary, /^ENet for camvid, 12 classes\n2 of 3 epochs and 3 steps of the next;/);
      assert.match(summary, /\n {2}mIoU +25\.00 %\n/);
      assert.match(summary, /\n {2}sky +25\.00 %\n/);
      assert.match(summary, /\n {2}learningRate +0\.0005\n/);
    }));

  it('leaves other files of the folder where they are', () =>
    withSave(async (folder) => {
      await writeCheckpoint(folder, OLD);
      await mkdir(path.join(folder, 'notes'));
      await writeFile(path.join(folder, 'notes', 'a.txt'), 'mine');
      await writeCheckpoint(folder, NEW);
      assert.equal(await readFile(path.join(folder, 'notes', 'a.txt'), 'utf8'), 'mine');
      assert.deepEqual(await readCheckpoint(folder), NEW);
    }));

  it('refuses a file in the place of the folder, and leaves it', () =>
    withSave(async (folder, save) => {
      await writeFile(folder, 'mine');
      await assert.rejects(
        writeCheckpoint(folder, OLD),
        (error) => isSegprobeError(error, 'FILE_INVALID') && error.message.startsWith(folder),
      );
      assert.equal(await readFile(folder, 'utf8'), 'mine');
      assert.deepEqual(await listOf(save), ['ENet']);
    }));

  it('leaves the old checkpoint whole and nothing else when the disk is full', async function () {
    const disk = mountSmallDisk(400);
    if (disk === undefined) {
      process.stdout.write('    skipped: a tmpfs cannot be mounted here\n');
      this.skip();
    }
    try {
      const folder = path.join(disk.folder, 'ENet');
      await writeCheckpoint(folder, OLD);
      // Four tensors of 120 kB: the weights fit, the optimizer's file does not. Of 1.2 MB not even the weights do.
      for (const numbers of [30_000, 300_000]) {
        await assert.rejects(
          writeCheckpoint(folder, checkpointAt(20, numbers)),
          (error) =>
            isSegprobeError(error, 'DISK_FULL') &&
            /\/ENet\/\w+\.safetensors: expected room/.test(error.message),
        );
        assert.deepEqual(await readCheckpoint(folder), OLD);
        assert.deepEqual(await listOf(disk.folder), ['ENet']);
      }
      await writeCheckpoint(folder, NEW);
      assert.deepEqual(await readCheckpoint(folder), NEW);
    } finally {
      disk.remove();
    }
  });
});

describe('recoverCheckpoint', () => {
  /** What a crash leaves at each moment of a write, and which checkpoint is read then. */
  const crashes: {
    name: string;
    leave: (folder: string, beside: (suffix: string) => string) => Promise<void>;
    read: typeof OLD | undefined;
  }[] = [
    {
      name: 'while the first one is written',
      leave: async (_, beside) => {
        await writeCheckpoint(beside('next'), NEW);
        await writeFile(path.join(beside('next'), 'weights.safetensors'), 'half');
      },
      read: undefined,
    },
    {
      name: 'while the next one is written',
      leave: async (folder, beside) => {
        await writeCheckpoint(folder, OLD);
        await mkdir(beside('next'));
        await writeFile(path.join(beside('next'), '.weights.safetensors.1.tmp'), 'half');
      },
      read: OLD,
    },
    {
      name: 'between the two renames',
      leave: async (folder, beside) => {
        await writeCheckpoint(folder, OLD);
        await rename(folder, beside('previous'));
        await writeCheckpoint(beside('next'), NEW);
      },
      read: OLD,
    },
    {
      name: 'before the old one is taken away',
      leave: async (folder, beside) => {
        await writeCheckpoint(folder, OLD);
        await writeFile(path.join(folder, 'mine.txt'), 'mine');
        await rename(folder, beside('previous'));
        await writeCheckpoint(folder, NEW);
        // writeCheckpoint recovers: put back what it took away.
        await cp(folder, beside('previous'), { recursive: true });
      },
      read: NEW,
    },
  ];
  for (const { name, leave, read } of crashes) {
    it(`ends a write that was cut off ${name}`, () =>
      withSave(async (folder, save) => {
        await leave(folder, (suffix) => path.join(save, `.ENet.${suffix}`));
        const check = async (): Promise<void> => {
          assert.equal(hasCheckpoint(folder), read !== undefined);
          if (read !== undefined) assert.deepEqual(await readCheckpoint(folder), read);
          else await assert.rejects(readCheckpoint(folder), { code: 'CHECKPOINT_NOT_FOUND' });
        };
        await check(); // Reading needs no recovery, and does none.
        await recoverCheckpoint(folder);
        await check();
        await writeCheckpoint(folder, checkpointAt(30));
        assert.deepEqual(await readCheckpoint(folder), checkpointAt(30));
        assert.deepEqual(await listOf(save), ['ENet']);
      }));
  }

  it('moves other files of the old folder over to the new one', () =>
    withSave(async (folder, save) => {
      await writeCheckpoint(folder, NEW);
      const previous = path.join(save, '.ENet.previous');
      await writeCheckpoint(previous, OLD);
      await writeFile(path.join(previous, 'mine.txt'), 'mine');
      await recoverCheckpoint(folder);
      assert.equal(await readFile(path.join(folder, 'mine.txt'), 'utf8'), 'mine');
      assert.deepEqual(await readCheckpoint(folder), NEW);
      assert.deepEqual(await listOf(save), ['ENet']);
    }));
});

describe('readCheckpoint', () => {
  it('says that there is none', () =>
    withSave(async (folder) => {
      assert.equal(hasCheckpoint(folder), false);
      await assert.rejects(
        readCheckpoint(folder),
        (error) => isSegprobeError(error, 'CHECKPOINT_NOT_FOUND') && error.message.includes(folder),
      );
    }));

  it('reads whole checkpoints while others are written', () =>
    withSave(async (folder) => {
      await writeCheckpoint(folder, checkpointAt(0));
      let isWriting = true;
      const steps = new Set<number>();
      const reader = async (): Promise<void> => {
        while (isWriting) {
          const { state, weights, optimizer } = await readCheckpoint(folder);
          steps.add(state.step);
          for (const [name, { data }] of [...weights, ...optimizer!]) {
            assert.equal(data[0], state.step, name);
          }
        }
      };
      const readers = [reader(), reader()];
      for (let step = 1; step <= 25; step++) await writeCheckpoint(folder, checkpointAt(step));
      isWriting = false;
      await Promise.all(readers);
      assert.ok(steps.size > 5, `read the steps ${[...steps].join(', ')}`);
    }));

  it('finds the weights of a checkpoint that a crash left beside', () =>
    withSave(async (folder, save) => {
      await writeCheckpoint(folder, OLD);
      assert.equal(weightsFileOf(folder), path.join(folder, 'weights.safetensors'));
      await rename(folder, path.join(save, '.ENet.previous'));
      const found = path.join(save, '.ENet.previous', 'weights.safetensors');
      assert.equal(weightsFileOf(folder), found);
    }));
});
