import { type Command, InvalidArgumentError } from 'commander';
import type { Size } from '../data/dataset.js';

/** The size that a model is run at, where it leaves one open. */
export function addSizeFlag(command: Command): Command {
  return command.option(
    '--size <HxW>',
    'height and width of the pictures, e.g. 360x480 (default: as the file says, else 224x224)',
    toSize,
  );
}

function toSize(text: string): Size {
  const [, height, width] = /^([1-9]\d{0,4})[x×]([1-9]\d{0,4})$/.exec(text) ?? [];
  if (height === undefined || width === undefined) {
    throw new InvalidArgumentError(`expected HEIGHTxWIDTH, e.g. 360x480, got ${text}`);
  }
  return { height: Number(height), width: Number(width) };
}
