import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createEventsFile } from '../../../src/train/logs/events-file.js';
import { readEventsFile } from '../../support/events-reader.js';
import { mountSmallDisk } from '../../support/small-disk.js';
import { withTemporaryFolder } from '../../support/temporary-folder.js';

const NOW = { now: () => 1_800_000_000.25, resumed: true };

describe('createEventsFile', () => {
  it('writes the version, where the session begins, and what was added', () =>
    withTemporaryFolder((save) => {
      const folder = path.join(save, 'tiny', 'tensorboard');
      const file = createEventsFile({ folder, firstStep: 21, ...NOW });
      file.add(21, [
        { tag: 'loss', simpleValue: 0.5 },
        { tag: 'none', simpleValue: 0 },
      ]);
      file.flush();
      file.add(22, [{ tag: 'loss', simpleValue: -0.25 }]);
      file.flush();
      const [name, ...others] = readdirSync(folder);
      assert.deepEqual([name, others], ['events.out.tfevents.1800000000.segprobe', []]);
      const common = { wallTime: 1_800_000_000.25, scalars: {}, images: {} };
      assert.deepEqual(readEventsFile(path.join(folder, name!)), [
        { ...common, step: 0, fileVersion: 'brain.Event:2' },
        { ...common, step: 21, sessionStatus: 1 },
        { ...common, step: 21, scalars: { loss: 0.5, none: 0 } },
        { ...common, step: 22, scalars: { loss: -0.25 } },
      ]);
      return Promise.resolve();
    }));

  it('makes no file before there is anything to write', () =>
    withTemporaryFolder((save) => {
      createEventsFile({ folder: path.join(save, 'tensorboard'), firstStep: 1, ...NOW }).flush();
      assert.deepEqual(readdirSync(save), []);
      return Promise.resolve();
    }));

  it('names each session later than those before, and a new training alone', () =>
    withTemporaryFolder((folder) => {
      const write = (seconds: number, resumed: boolean): string[] => {
        const file = createEventsFile({ folder, firstStep: 1, resumed, now: () => seconds });
        file.add(1, [{ tag: 'loss', simpleValue: 1 }]);
        file.flush();
        return readdirSync(folder).map((name) => name.replace('events.out.tfevents.', ''));
      };
      writeFileSync(path.join(folder, 'mine.txt'), '');
      assert.deepEqual(write(1000, true), ['1000.segprobe', 'mine.txt']);
      // In the same second, and with a clock that was set back.
      assert.deepEqual(write(1000, true), ['1000.segprobe', '1001.segprobe', 'mine.txt']);
      assert.deepEqual(write(900, true).at(2), '1002.segprobe');
      assert.deepEqual(write(950, false), ['950.segprobe', 'mine.txt']);
      return Promise.resolve();
    }));

  it('says that the disk is full', function () {
    const disk = mountSmallDisk(16);
    if (disk === undefined) {
      process.stdout.write('    skipped: a tmpfs cannot be mounted here\n');
      this.skip();
    }
    try {
      const folder = path.join(disk.folder, 'tensorboard');
      const file = createEventsFile({ folder, firstStep: 1, ...NOW });
      file.add(1, [{ tag: 'a'.repeat(100_000), simpleValue: 1 }]);
      assert.throws(() => file.flush(), {
        code: 'DISK_FULL',
        message: /tfevents\.\d+\.segprobe: /,
      });
    } finally {
      disk.remove();
    }
  });
});
