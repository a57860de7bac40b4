import assert from 'node:assert/strict';
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { hasCheckpoint, readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint.js';
import { isSegprobeError } from '../../src/shared/errors.js';
import { checkpointAt } from '../support/checkpoints.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';

const CHECKPOINT = checkpointAt(21);
const FILES = ['weights.safetensors', 'optimizer.safetensors', 'state.json'];

/** Expects `CHECKPOINT_INVALID` with a message that names the file. */
async function assertInvalid(folder: string, file: string, message = /./): Promise<void> {
  await assert.rejects(
    readCheckpoint(folder),
    (error) =>
      isSegprobeError(error, 'CHECKPOINT_INVALID') &&
      error.message.includes(path.join(folder, file)) &&
      message.test(error.message),
  );
}

function withCheckpoint(body: (folder: string) => Promise<void>): Promise<void> {
  return withTemporaryFolder(async (save) => {
    const folder = path.join(save, 'ENet');
    await writeCheckpoint(folder, CHECKPOINT);
    await body(folder);
  });
}

/** Rewrites `state.json` as another program would: without its own hash. */
async function editState(
  folder: string,
  edit: (state: Record<string, unknown>) => void,
): Promise<void> {
  const file = path.join(folder, 'state.json');
  const state = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  delete state['sha256'];
  edit(state);
  await writeFile(file, JSON.stringify(state));
}

describe('readCheckpoint of a damaged checkpoint', () => {
  for (const file of FILES) {
    it(`names ${file} when it is missing, and still counts as a checkpoint`, () =>
      withCheckpoint(async (folder) => {
        await rm(path.join(folder, file));
        await assertInvalid(folder, file);
        assert.equal(hasCheckpoint(folder), true);
      }));

    for (const share of [0, 0.5, 0.99]) {
      it(`names ${file} when it is cut to ${100 * share} %`, () =>
        withCheckpoint(async (folder) => {
          const bytes = await readFile(path.join(folder, file));
          const cut = bytes.subarray(0, Math.floor(share * bytes.length));
          await writeFile(path.join(folder, file), cut);
          await assertInvalid(folder, file);
        }));
    }

    it(`names ${file} when any one bit of it flips`, () =>
      withCheckpoint(async (folder) => {
        const bytes = await readFile(path.join(folder, file));
        let unnoticed = 0;
        for (let at = 0; at < bytes.length; at += 13) {
          const flipped = Buffer.from(bytes);
          flipped[at]! ^= 1 << (at % 8);
          await writeFile(path.join(folder, file), flipped);
          // In state.json a flip may change nothing: in the name of the hash, or in a number's last digit.
          const read =
            file === 'state.json' ? await readCheckpoint(folder).catch(() => null) : null;
          if (read === null) await assertInvalid(folder, file);
          else assert.deepEqual(read, CHECKPOINT, `byte ${at}: ${++unnoticed}`);
        }
        assert.ok(unnoticed <= 2, `${unnoticed} flips went unnoticed`);
      }));
  }

  for (const file of FILES) {
    it(`names a file of the other step when ${file} is of another checkpoint`, () =>
      withCheckpoint(async (folder) => {
        const other = `${folder}-other`;
        await writeCheckpoint(other, checkpointAt(22));
        await copyFile(path.join(other, file), path.join(folder, file));
        const named = file === 'state.json' ? 'weights.safetensors' : file;
        await assertInvalid(folder, named, /expected tensors of step 2\d, got 2\d/);
      }));
  }

  it('names a file of equal step whose tensors are others', () =>
    withCheckpoint(async (folder) => {
      const other = `${folder}-other`;
      await writeCheckpoint(other, checkpointAt(21, 8));
      await copyFile(
        path.join(other, 'weights.safetensors'),
        path.join(folder, 'weights.safetensors'),
      );
      await assertInvalid(folder, 'weights.safetensors', /expected SHA-256/);
    }));

  it('reads a checkpoint whose maker wrote no hashes', () =>
    withCheckpoint(async (folder) => {
      await editState(folder, (state) => delete state['files']);
      assert.deepEqual(await readCheckpoint(folder), CHECKPOINT);
    }));

  const states: { name: string; edit: (state: Record<string, unknown>) => void; found: RegExp }[] =
    [
      { name: 'another version', edit: (state) => (state['version'] = 2), found: /got version: / },
      {
        name: 'another model',
        edit: (state) => ((state['config'] as Record<string, unknown>)['model'] = 'unet'),
        found: /got config\.model: /,
      },
      { name: 'no step', edit: (state) => delete state['step'], found: /got step: / },
      {
        name: 'an option of the wrong kind',
        edit: (state) => ((state['config'] as Record<string, unknown>)['epochs'] = 'many'),
        found: /got config\.epochs: /,
      },
      { name: 'hashes that are none', edit: (state) => (state['files'] = 3), found: /got files: / },
    ];
  for (const { name, edit, found } of states) {
    it(`names state.json with ${name}, and what is wrong`, () =>
      withCheckpoint(async (folder) => {
        await editState(folder, edit);
        await assertInvalid(folder, 'state.json', found);
      }));
  }

  it('notices a figure that was changed by hand', () =>
    withCheckpoint(async (folder) => {
      const file = path.join(folder, 'state.json');
      const text = await readFile(file, 'utf8');
      await writeFile(file, text.replace('"lossSum": 0.3', '"lossSum": 0.4'));
      await assertInvalid(folder, 'state.json', /it was changed or damaged/);
    }));
});
