import type { Command } from 'commander';
import { configureDataCheck } from './data-check.js';

/** `segprobe data …` */
export function configureData(command: Command): void {
  configureDataCheck(
    command.command('check').description('walk a data set and name every fault of it'),
  );
}
