import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import { fromFileError, readFileWhole, writeFileWhole } from '../../src/data/files.js';
import { SegprobeError } from '../../src/shared/errors.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: something`), { code, errno: -1 });
}

describe('fromFileError', () => {
  for (const [system, code] of [
    ['ENOENT', 'FILE_NOT_FOUND'],
    ['ENOSPC', 'DISK_FULL'],
    ['EDQUOT', 'DISK_FULL'],
    ['EACCES', 'FILE_INVALID'],
    ['EISDIR', 'FILE_INVALID'],
    ['ENOTDIR', 'FILE_INVALID'],
    ['EIO', 'FILE_INVALID'],
  ] as const) {
    it(`turns ${system} into ${code} that names the file and keeps the cause`, () => {
      const cause = systemError(system);
      const error = fromFileError(cause, 'a/b.bin');
      assert.ok(error instanceof SegprobeError);
      assert.equal(error.code, code);
      assert.match(error.message, /^a\/b\.bin: expected .+, got .+/);
      assert.equal(error.cause, cause);
    });
  }

  it('leaves its own errors and errors of no file system as they are', () => {
    const own = new SegprobeError('LABEL_INVALID', 'x');
    const bug = Object.assign(new TypeError('y'), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.equal(fromFileError(own, 'a'), own);
    assert.equal(fromFileError(bug, 'a'), bug);
  });
});

describe('readFileWhole', () => {
  it('reads what writeFileWhole wrote, bytes and text', () =>
    withTemporaryFolder(async (folder) => {
      const file = path.join(folder, 'x');
      await writeFileWhole(file, new Uint8Array([0, 255, 7]));
      assert.deepEqual([...(await readFileWhole(file))], [0, 255, 7]);
      await writeFileWhole(file, 'é');
      assert.deepEqual([...(await readFileWhole(file))], [0xc3, 0xa9]);
    }));

  it('names a missing file', () =>
    withTemporaryFolder(async (folder) => {
      const file = path.join(folder, 'missing.png');
      await assert.rejects(readFileWhole(file), {
        code: 'FILE_NOT_FOUND',
        message: `${file}: expected a file or folder, got nothing of that name`,
      });
    }));
});

describe('writeFileWhole', () => {
  it('replaces the old file and leaves nothing else in the folder', () =>
    withTemporaryFolder(async (folder) => {
      const file = path.join(folder, 'x');
      await fs.writeFile(file, 'a longer old text');
      await writeFileWhole(file, 'new');
      assert.equal(await fs.readFile(file, 'utf8'), 'new');
      assert.deepEqual(await fs.readdir(folder), ['x']);
    }));

  it('lets many writers of one file end with one of their texts, whole', () =>
    withTemporaryFolder(async (folder) => {
      const file = path.join(folder, 'x');
      const texts = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(100_000));
      await Promise.all(texts.map((text) => writeFileWhole(file, text)));
      assert.ok(texts.includes(await fs.readFile(file, 'utf8')));
      assert.deepEqual(await fs.readdir(folder), ['x']);
    }));

  it('keeps the old file and removes its own when the disk fills up half way', () =>
    withTemporaryFolder(async (folder) => {
      const file = path.join(folder, 'x');
      await fs.writeFile(file, 'old');
      await withFullDisk(() =>
        assert.rejects(writeFileWhole(file, 'new'), {
          code: 'DISK_FULL',
          message: `${file}: expected room to write, got none left on the device`,
        }),
      );
      assert.equal(await fs.readFile(file, 'utf8'), 'old');
      assert.deepEqual(await fs.readdir(folder), ['x']);
    }));

  it('flushes the file before it takes the name, and the folder after', () =>
    withTemporaryFolder(async (folder) => {
      const steps: string[] = [];
      const { open, rename } = fs;
      await withPatchedFiles(
        {
          open: async (...args) => {
            const handle = await open(...args);
            const sync = handle.sync.bind(handle);
            handle.sync = () => {
              steps.push(`flush ${args[0] === folder ? 'folder' : 'file'}`);
              return sync();
            };
            return handle;
          },
          rename: (...args) => {
            steps.push('rename');
            return rename(...args);
          },
        },
        () => writeFileWhole(path.join(folder, 'x'), 'new'),
      );
      assert.deepEqual(steps, ['flush file', 'rename', 'flush folder']);
    }));

  it('refuses a path that is a folder and leaves nothing behind', () =>
    withTemporaryFolder(async (folder) => {
      await fs.mkdir(path.join(folder, 'x'));
      await assert.rejects(writeFileWhole(path.join(folder, 'x'), ''), { code: 'FILE_INVALID' });
      assert.deepEqual(await fs.readdir(folder), ['x']);
    }));

  it('refuses a folder that is not there', () =>
    withTemporaryFolder(async (folder) => {
      await assert.rejects(writeFileWhole(path.join(folder, 'no', 'x'), ''), {
        code: 'FILE_NOT_FOUND',
      });
    }));
});

/** Makes every file that is opened meanwhile take one byte and then refuse. */
async function withFullDisk(body: () => Promise<void>): Promise<void> {
  const { open: openReally } = fs;
  const open: typeof fs.open = async (...args) => {
    const handle = await openReally(...args);
    handle.writeFile = async () => {
      await handle.write('n');
      throw systemError('ENOSPC');
    };
    return handle;
  };
  await withPatchedFiles({ open }, body);
}

async function withPatchedFiles(
  patch: Partial<Pick<typeof fs, 'open' | 'rename'>>,
  body: () => Promise<void>,
): Promise<void> {
  const { open, rename } = fs;
  Object.assign(fs, patch);
  syncBuiltinESMExports();
  try {
    await body();
  } finally {
    Object.assign(fs, { open, rename });
    syncBuiltinESMExports();
  }
}
