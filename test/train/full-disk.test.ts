import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { isSegprobeError } from '../../src/shared/errors.js';
import { createTensorBoardLog } from '../../src/train/logs/tensorboard-log.js';
import { joinObservers } from '../../src/train/train-observer.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.js';
import { useNativeTensorFlow } from '../support/tensorflow.js';
import { contentsOf, createNotes, trainTiny } from '../support/training.js';

/** Room for two checkpoints of ENet, the old one and the new one. */
const DISK_KB = 16_000;
const TENSORBOARD = createTensorBoardLog({ pictureEvery: 1 });

describe('trainVictim on a disk that fills up @slow', function () {
  this.timeout(120_000);
  useNativeTensorFlow();
  let disk: SmallDisk | undefined;
  before(function () {
    if (!process.env['SEGPROBE_SLOW']) this.skip();
    disk = mountSmallDisk(DISK_KB);
    if (disk !== undefined) return;
    process.stdout.write('    skipped: a tmpfs cannot be mounted here\n');
    this.skip();
  });
  after(() => disk?.remove());

  it('says so, keeps the checkpoint before, and ends in the same weights when there is room again', async () => {
    const { folder: scratch, remove } = await scratchFolder();
    try {
      const config = { epochs: 3 };
      const whole = path.join(scratch, 'tiny');
      await trainTiny(whole, { config });

      const folder = path.join(disk!.folder, 'tiny');
      const filler = path.join(disk!.folder, 'filler');
      let kept: Promise<object> | undefined;
      const filling = createNotes({
        onEpoch: () => {
          fill(filler);
          kept = contentsOf(folder);
        },
      });
      const observer = joinObservers(filling, TENSORBOARD);
      await assert.rejects(
        trainTiny(folder, { config, observer }),
        (error) => isSegprobeError(error, 'DISK_FULL') && /expected room/.test(error.message),
      );
      assert.deepEqual(await contentsOf(folder), await kept);
      assert.equal(filling.epochs.length, 1);

      await rm(filler);
      await trainTiny(folder, { config, existing: 'resume', observer: joinObservers(TENSORBOARD) });
      assert.deepEqual(await contentsOf(folder), await contentsOf(whole));
    } finally {
      await remove();
    }
  });
});

/** Writes to a file until the disk is full. */
function fill(file: string): void {
  assert.throws(() => writeFileSync(file, Buffer.alloc(1024 * DISK_KB)), { code: 'ENOSPC' });
}
