import type { Question } from './worker/protocol.js';

type Position = Pick<Question, 'strength' | 'epsilon'>;

/** Says of what position labels are that are shown, and of which they are computed. */
export function awaitedWords(shown: Position, asked: Position): string {
  for (const name of ['strength', 'epsilon'] as const) {
    const [of, awaited] = [shown, asked].map((position) => WORDS[name](position));
    if (of !== awaited) return `of ${of}, computing ${awaited} …`;
  }
  return 'computing …';
}

const WORDS: Readonly<Record<keyof Position, (position: Position) => string>> = {
  strength: ({ strength }) => `${Math.round(100 * strength)} %`,
  epsilon: ({ epsilon }) => (epsilon === null ? 'no limit' : `${epsilon}/255`),
};
