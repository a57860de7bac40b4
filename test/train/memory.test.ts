import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { useNativeTensorFlow } from '../support/tensorflow.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { createNotes, trainTiny } from '../support/training.js';

const SCRIPT = path.join(import.meta.dirname, '../support/train-measured.ts');

/** What a process's memory came to that opened so many sample scenes and trained five steps on them. */
async function measure(
  length: number,
): Promise<{ scenes: number; heapMb: number; peakMb: number }> {
  const args = ['--expose-gc', '--import', 'tsx', SCRIPT, 'sample', '-', String(length), '5'];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as Awaited<ReturnType<typeof measure>>;
}

describe("a training's memory @slow", function () {
  this.timeout(900_000);
  useNativeTensorFlow();
  before(function () {
    if (!process.env['SEGPROBE_SLOW']) this.skip();
  });

  it('is for 100,000 sample scenes what it is for 100', async () => {
    const [few, many] = [await measure(100), await measure(100_000)];
    assert.deepEqual([few.scenes, many.scenes], [100, 100_000]);
    // The order of an epoch's scenes: 100,000 numbers of 8 bytes, and what V8 leaves uncollected.
    assert.ok(many.heapMb - few.heapMb < 16, `${few.heapMb} MB → ${many.heapMb} MB of heap`);
    assert.ok(many.peakMb - few.peakMb < 64, `${few.peakMb} MB → ${many.peakMb} MB at the peak`);
  });

  it('is flat over sixty epochs', async () => {
    const { folder, remove } = await scratchFolder();
    try {
      const rss: number[] = [];
      const onEpoch = (): void => void rss.push(process.memoryUsage.rss() / 2 ** 20);
      const config = { epochs: 60 };
      await trainTiny(path.join(folder, 'tiny'), { config, observer: createNotes({ onEpoch }) });
      const meanOf = (values: number[]): number =>
        values.reduce((sum, value) => sum + value, 0) / values.length;
      const [before, after] = [meanOf(rss.slice(20, 30)), meanOf(rss.slice(50))];
      assert.ok(after - before < 16, `${before.toFixed(1)} MB → ${after.toFixed(1)} MB`);
    } finally {
      await remove();
    }
  });
});
