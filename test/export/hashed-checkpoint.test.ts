import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, rm, truncate } from 'node:fs/promises';
import path from 'node:path';
import { readHashedCheckpoint } from '../../src/export/hashed-checkpoint.js';
import { isSegprobeError } from '../../src/shared/errors.js';
import { writeCheckpoint } from '../../src/train/checkpoint.js';
import { checkpointAt } from '../support/checkpoints.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';

const withFolder = (body: (folder: string) => Promise<void>): Promise<void> =>
  withTemporaryFolder((save) => body(path.join(save, 'ENet')));

async function hashOf(folder: string): Promise<string> {
  const bytes = await readFile(path.join(folder, 'weights.safetensors'));
  return createHash('sha256').update(bytes).digest('hex');
}

describe('readHashedCheckpoint', () => {
  it('gives the checkpoint, the file of its weights and its SHA-256', () =>
    withFolder(async (folder) => {
      await writeCheckpoint(folder, checkpointAt(20));
      const { checkpoint, weightsFile, weightsSha256 } = await readHashedCheckpoint(folder);
      assert.deepEqual(checkpoint, checkpointAt(20));
      assert.equal(weightsFile, path.join(folder, 'weights.safetensors'));
      assert.equal(weightsSha256, await hashOf(folder));
    }));

  it('gives the hash of the same weights while a training writes others', () =>
    withFolder(async (folder) => {
      const stepOf = new Map<string, number>();
      const read: (readonly [string, number])[] = [];
      let isWriting = true;
      await writeCheckpoint(folder, checkpointAt(0));
      stepOf.set(await hashOf(folder), 0);
      const reader = (async () => {
        while (isWriting) {
          const { checkpoint, weightsSha256 } = await readHashedCheckpoint(folder);
          read.push([weightsSha256, checkpoint.state.step]);
        }
      })();
      for (let step = 1; step <= 40; step++) {
        await writeCheckpoint(folder, checkpointAt(step));
        stepOf.set(await hashOf(folder), step);
      }
      isWriting = false;
      await reader;
      for (const [hash, step] of read) assert.equal(stepOf.get(hash), step);
      assert.ok(read.length > 0);
      assert.equal(stepOf.size, 41);
    }));

  it('says that there is no checkpoint', () =>
    withFolder(async (folder) => {
      await assert.rejects(
        readHashedCheckpoint(folder),
        (error) => isSegprobeError(error, 'CHECKPOINT_NOT_FOUND') && error.message.includes(folder),
      );
    }));

  for (const [name, damage] of [
    ['cut short', (file: string) => truncate(file, 100)],
    ['missing', (file: string) => rm(file)],
  ] as const) {
    it(`says that its weights are ${name}`, () =>
      withFolder(async (folder) => {
        await writeCheckpoint(folder, checkpointAt(20));
        await damage(path.join(folder, 'weights.safetensors'));
        await assert.rejects(
          readHashedCheckpoint(folder),
          (error) =>
            isSegprobeError(error, 'CHECKPOINT_INVALID') &&
            error.message.includes('weights.safetensors'),
        );
      }));
  }
});
