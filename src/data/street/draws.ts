/** Draws from a uniform generator in the forms that scenes need. */
export interface Draws {
  /** In [low, high). */
  between(low: number, high: number): number;
  /** A whole number in low … high. */
  whole(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<T>(choices: readonly T[]): T;
}

export function createDraws(random: () => number): Draws {
  const between = (low: number, high: number): number => low + (high - low) * random();
  return {
    between,
    whole: (low, high) => Math.floor(between(low, high + 1)),
    chance: (probability) => random() < probability,
    pick: (choices) => choices[Math.floor(random() * choices.length)]!,
  };
}
