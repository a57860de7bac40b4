import type { Command } from 'commander';
import type { Split } from '../data/dataset.js';
import { printJson } from './output.js';
import { printTestResult, splitOption, test } from './test.js';
import { printTrainResult, train, trainResult } from './train.js';
import { addTrainingFlags, type TrainingFlags } from './training-flags.js';

/** `segprobe full` */
export function configureFull(command: Command): void {
  addTrainingFlags(command)
    .addOption(splitOption())
    .action(async (flags: TrainingFlags & { split: Split }) => {
      const state = await train(flags);
      if (!flags['json']) printTrainResult(flags, state);
      const result = await test(flags, flags.split);
      if (flags['json']) printJson({ train: trainResult(flags, state), test: result });
      else printTestResult(result);
    });
}
