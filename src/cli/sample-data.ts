import type { Command } from 'commander';
import { DEFAULT_LENGTHS } from '../data/street/sample-dataset.js';
import { writeScenes } from '../data/street/write-scenes.js';
import { integer } from './numbers.js';
import { printJson, printLine } from './output.js';
import { startProgress } from './progress.js';

interface SampleDataFlags {
  readonly train: number;
  readonly val: number;
  readonly test: number;
  readonly count?: number;
  readonly seed: number;
  readonly height: number;
  readonly width: number;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `segprobe sample-data DIR` */
export function configureSampleData(command: Command): void {
  command
    .argument('<dir>', 'the folder to write to')
    .option('--train <n>', 'scenes of the train split', integer, DEFAULT_LENGTHS.train)
    .option('--val <n>', 'scenes of the val split', integer, DEFAULT_LENGTHS.val)
    .option('--test <n>', 'scenes of the test split', integer, DEFAULT_LENGTHS.test)
    .option('--count <n>', 'scenes of the train split, and none of the others', integer)
    .option('--seed <n>', 'another number gives other scenes', integer, 0)
    .option('--height <pixels>', 'height of the pictures', integer, 360)
    .option('--width <pixels>', 'width of the pictures', integer, 480)
    .option('--force', 'write into a folder that is not empty')
    .option('--json', 'print the result as one JSON object')
    .addHelpText(
      'after',
      '\nThe folder is laid out as CamVid: train on it with --dataset camvid --dataset-dir DIR.',
    )
    .action(async (dir: string, flags: SampleDataFlags) => {
      const { count, seed, height, width, force = false } = flags;
      const { train, val, test } = count === undefined ? flags : { train: count, val: 0, test: 0 };
      const started = performance.now();
      const progress = startProgress('street scenes', train + val + test);
      try {
        await writeScenes({
          dir,
          lengths: { train, val, test },
          size: { height, width },
          seed,
          force,
          onProgress: (done) => progress.update(done),
        });
      } finally {
        progress.stop();
      }
      const seconds = Math.round(performance.now() - started) / 1000;
      if (flags.json) printJson({ dir, train, val, test, seconds });
      else printLine(`${dir}: ${train} scenes to train, ${val} val, ${test} test, in ${seconds} s`);
    });
}
