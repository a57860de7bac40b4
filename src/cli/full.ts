import { type Command, Option } from 'commander';
import { SPLITS, type Split } from '../data/dataset.js';
import { test } from './test.js';
import { train } from './train.js';
import { addTrainingFlags, type TrainingFlags } from './training-flags.js';

/** `segprobe full` */
export function configureFull(command: Command): void {
  addTrainingFlags(command)
    .addOption(
      new Option('--split <split>', 'which split to measure on').choices(SPLITS).default('val'),
    )
    .action(async (flags: TrainingFlags & { split: Split }) => {
      await train(flags);
      await test(flags, flags.split);
    });
}
