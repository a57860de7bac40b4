import { InvalidArgumentError } from 'commander';

/** Parses the value of a flag that is a whole number, 0 or more. */
export function integer(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError(`expected a whole number, got ${text}`);
  return Number(text);
}

/** Parses the value of a flag that is any number. */
export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw new InvalidArgumentError(`expected a number, got ${text}`);
  }
  return value;
}
