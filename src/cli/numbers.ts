import { InvalidArgumentError } from 'commander';

/** Parses the value of a flag that is a whole number, 0 or more. */
export function integer(text: string): number {
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(Number(text))) {
    throw new InvalidArgumentError(`expected a whole number, got ${text}`);
  }
  return Number(text);
}

/** Parses the value of a flag that is a whole number above 0. */
export function positiveInteger(text: string): number {
  const value = integer(text);
  if (value === 0) throw new InvalidArgumentError('expected a number above 0, got 0');
  return value;
}

/** Makes a parser of whole numbers within limits, both included. */
export function integerBetween(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(
        `expected a whole number from ${least} to ${most}, got ${text}`,
      );
    }
    return value;
  };
}

/** Parses the value of a flag that is any number. */
export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw new InvalidArgumentError(`expected a number, got ${text}`);
  }
  return value;
}

/** Parses the value of a flag that is a number or a quotient of two, such as `8/255`. */
export function fraction(text: string): number {
  const [above, below, ...more] = text.split('/');
  const value = below === undefined ? number(text) : number(above!) / number(below);
  if (more.length === 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError(`expected a number or a quotient such as 8/255, got ${text}`);
}
