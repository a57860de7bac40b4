import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openDataset } from '../../src/data/open-dataset.js';
import { isSegprobeError } from '../../src/shared/errors.js';
import { useDevice } from '../../src/train/device.js';
import { createTensorBoardLog } from '../../src/train/logs/tensorboard-log.js';
import { joinObservers } from '../../src/train/train-observer.js';
import { interruptAt, trainTiny } from './training.js';

/**
 * Trains some steps on a data set and prints the process's memory: a process of its own, so that nothing else is in it.
 * Arguments: the data set, its folder (or -), how many scenes (of what is drawn), after how many steps to stop.
 */
const [name, dir, length, steps] = process.argv.slice(2);
const MEBIBYTE = 2 ** 20;

const save = mkdtempSync(path.join(tmpdir(), 'segprobe-measured-'));
const options = { name: name!, dir: dir === '-' ? undefined : dir };
const started = performance.now();
const train = await openDataset({ ...options, split: 'train', length: Number(length) });
const val = await openDataset({ ...options, split: 'val', length: 2 });
const openSeconds = (performance.now() - started) / 1000;
try {
  await useDevice('cpu', () => undefined);
  const { observer, signal } = interruptAt({ step: Number(steps) });
  await trainTiny(path.join(save, 'tiny'), {
    train,
    val,
    observer: joinObservers(observer, createTensorBoardLog({ pictureEvery: 1 })),
    signal,
  });
} catch (error) {
  if (!isSegprobeError(error, 'CANCELLED')) throw error;
} finally {
  await Promise.all([train.close(), val.close()]);
  rmSync(save, { recursive: true });
}
globalThis.gc?.();
const { heapUsed, rss } = process.memoryUsage();
const result = {
  scenes: train.length,
  openSeconds,
  heapMb: heapUsed / MEBIBYTE,
  rssMb: rss / MEBIBYTE,
  peakMb: process.resourceUsage().maxRSS / 1024,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
