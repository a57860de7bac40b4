import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readPyTorchCheckpoint } from '../../../src/export/pytorch/index.js';
import { isSegprobeError } from '../../../src/shared/errors.js';
import { createRandom } from '../../../src/shared/random.js';
import { withTemporaryFolder } from '../../support/temporary-folder.js';
import { checkpointOf, pickle, pickleTensor, STREAM_START, streamOf } from './pickles.js';
import type { ReadFiles } from './read-files.js';

const { dict, get, global, integer, list, put, text, tuple } = pickle;
const READER = fileURLToPath(new URL('read-files.ts', import.meta.url));
const SIX = Float32Array.from({ length: 6 }, (_, i) => i);
const STORAGES = { 0: SIX, 1: SIX };

/** A small checkpoint with a bit of everything. */
const OPCODES = dict(
  ...[text('epoch'), integer(3), text('betas'), tuple(integer(1), integer(2))],
  ...[text('state_dict'), dict(text('a'), tensor('0'), text('b'), [...tensor('1'), ...put(0)])],
  ...[text('again'), get(0)],
);
const FILES = {
  'zip form': checkpointOf(OPCODES, STORAGES),
  'deflated zip form': checkpointOf(OPCODES, STORAGES, 6),
  'stream form': streamOf(OPCODES, STORAGES),
};

function tensor(key: string): number[] {
  return pickleTensor({ key, stored: 6, shape: [2, 3], strides: [1, 2] });
}

/** Reads a file. @returns whether it could be; any other error than a refusal is thrown on. */
function isReadable(bytes: Uint8Array): boolean {
  try {
    readPyTorchCheckpoint(bytes, 'x.pt');
    return true;
  } catch (error) {
    if (isSegprobeError(error, 'FILE_INVALID')) return false;
    throw error;
  }
}

const BOMB_BYTES = 8 << 20;

/** Repeats opcodes until they are as many bytes as a bomb has. */
function fill(...opcodes: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(BOMB_BYTES);
  for (let at = 0; at < bytes.length; at += opcodes.length) {
    bytes.set(opcodes.slice(0, bytes.length - at), at);
  }
  return bytes;
}

/** A stream whose object is made by these opcodes. */
function bomb(...opcodes: readonly (readonly number[] | Uint8Array)[]): Uint8Array {
  const parts = [STREAM_START, [0x80, 2], ...opcodes, pickle.stop];
  return Buffer.concat(parts.map((part) => Uint8Array.from(part)));
}

const LONG_TEXT = [0x58, 0, 0, 0x10, 0, ...new Uint8Array(1 << 20).fill(0x61)]; // 1 MiB of a
const MILLION = pickleTensor({ stored: 1 << 20, shape: [1 << 20], strides: [1] });
const NESTED = Array.from({ length: 60 }, (_, i) => [...list(get(i), get(i)), ...put(i + 1)]);

const BOMBS: Readonly<Record<string, Uint8Array>> = {
  'empty dictionaries': bomb(fill(0x7d)),
  'empty lists': bomb(fill(0x5d)),
  'empty bytes': bomb(fill(0x43, 0)),
  'short texts': bomb(fill(0x8c, 2, 0x61, 0x62)),
  'numbers kept for later': bomb(fill(0x4b, 1, 0x94)),
  'nothing but marks': bomb(fill(0x28)),
  'None upon None': bomb(fill(0x4e)),
  'tuples in tuples': bomb([0x5d], fill(0x85)),
  'numbers of 16 bytes': bomb(fill(0x8a, 16, ...new Uint8Array(16).fill(0x7f))),
  'dictionaries by call': bomb(
    [...global('collections', 'OrderedDict'), ...put(0)],
    fill(0x68, 0, 0x29, 0x52),
  ),
  'dictionaries of a long list by call': bomb(
    [...global('collections', 'OrderedDict'), ...put(0), 0x5d, ...put(1), 0x28],
    ...Array.from({ length: 5000 }, (_, i) => tuple(integer(i), pickle.none)),
    [0x65],
    fill(0x68, 0, 0x68, 1, 0x85, 0x52),
  ),
  'long keys of one text': bomb(
    [...LONG_TEXT, ...put(0), ...LONG_TEXT, ...put(1), 0x7d],
    fill(0x68, 0, 0x4e, 0x73, 0x68, 1, 0x4e, 0x73),
  ),
  'a reference to the list that it is in': bomb([0x5d, ...put(0)], fill(0x68, 0, 0x61)),
  'two references to two references to …': bomb([0x5d, ...put(0)], ...NESTED, fill(0x68, 60)),
  'views of one storage': checkpointOf(Array<number[]>(3000).fill(MILLION).flat(), {
    0: new Float32Array(1 << 20),
  }),
  'a zip of nothing but zeros': checkpointOf(pickle.none, { 0: new Uint8Array(1 << 26) }, 6),
};

describe('readPyTorchCheckpoint, on hostile files', () => {
  for (const [form, file] of Object.entries(FILES)) {
    it(`refuses every file of the ${form} that is cut short`, () => {
      for (let length = 0; length < file.length; length++) {
        assert.equal(isReadable(file.subarray(0, length)), false, `${length} bytes`);
      }
      assert.equal(isReadable(file), true);
    });

    it(`reads or refuses every file of the ${form} with one bit flipped`, () => {
      for (let bit = 0; bit < 8 * file.length; bit++) {
        const flipped = file.slice();
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        isReadable(flipped);
      }
    });
  }

  it('reads or refuses thousands of files with bytes changed, moved and repeated', () => {
    const random = createRandom(20, 26);
    const below = (limit: number): number => Math.floor(random() * limit);
    const mutate = (bytes: Uint8Array): Uint8Array => {
      for (let changes = 1 + below(4); changes > 0; changes--) {
        const at = below(bytes.length);
        if (random() < 0.2) bytes.copyWithin(at, below(bytes.length), below(bytes.length));
        else bytes[at] = random() < 0.3 ? OPCODES[below(OPCODES.length)]! : below(256);
      }
      return random() < 0.2 ? bytes.subarray(0, below(bytes.length)) : bytes;
    };
    const files = Object.values(FILES);
    let readable = 0;
    for (let i = 0; i < 12_000; i++) {
      // Every other has its opcodes alone changed, every CRC and count right.
      const opcodes = (): number[] => [...mutate(Uint8Array.from(OPCODES))];
      const bytes =
        i % 4 === 0
          ? checkpointOf(opcodes(), STORAGES)
          : i % 4 === 1
            ? streamOf(opcodes(), STORAGES)
            : mutate(files[below(files.length)]!.slice());
      readable += isReadable(bytes) ? 1 : 0;
    }
    assert.ok(readable > 500 && readable < 9000, `${readable} of 12000 could be read`);
  }).timeout(60_000);

  it('answers what is made to fill the memory or to take for ever, soon and in a few times its size', async () => {
    await withTemporaryFolder(async (folder) => {
      const files = Object.entries(BOMBS).map(([name, bytes]) => {
        const file = path.join(folder, `${name}.pt`);
        writeFileSync(file, bytes);
        return file;
      });
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ['--import', 'tsx', READER, ...files],
        { timeout: 100_000 },
      );
      const { results, grownBytes } = JSON.parse(stdout) as ReadFiles;
      for (const { file, code, milliseconds } of results) {
        assert.equal(code, 'FILE_INVALID', file);
        assert.ok(milliseconds < 20_000, `${file}: ${milliseconds} ms`);
      }
      // Eight times the file for objects, twice for tensors, and what the collector has not come to yet.
      const limit = 16 * BOMB_BYTES + (128 << 20);
      assert.ok(grownBytes < limit, `expected at most ${limit} bytes, got ${grownBytes}`);
    });
  }).timeout(120_000);
});
