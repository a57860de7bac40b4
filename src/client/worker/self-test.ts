import { decodeUnscaled } from './decode.js';
import type { RgbPicture } from './rgb-picture.js';

/** Of all labels, those that must be as they were stored. */
const LEAST_EQUAL = 0.999;
/** What an attacker's value may be off, in 1/255. */
const MOST_OFF = 1;

/** A picture, and what a model is known to make of it. */
export interface StoredAnswer {
  /** Of the picture, and of its answer: class numbers as greys, or the attacked picture. */
  readonly picture: string;
  readonly answer: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Compares what a model makes of a picture with what is stored.
 *
 * @param run - gives class numbers `[H, W]`, or an attacked picture `[H, W, 3]`, flattened.
 * @returns why it is not right; null where it is.
 */
export async function testModel(
  { picture, answer, headers }: StoredAnswer,
  run: (picture: RgbPicture) => Promise<Uint8Array>,
): Promise<string | null> {
  const [input, expected] = await Promise.all(
    [picture, answer].map(async (url) => {
      const response = await fetch(url, { headers });
      if (!response.ok) throw new Error(`${url}: ${response.status}`);
      return decodeUnscaled(await response.blob(), url);
    }),
  );
  return compareAnswers(await run(input!), expected!);
}

/** @returns why an answer is not as it was stored; null where it is. */
export function compareAnswers(found: Uint8Array, stored: RgbPicture): string | null {
  const isPicture = found.length === stored.data.length;
  let wrong = 0;
  for (let i = 0; i < found.length; i++) {
    const expected = stored.data[isPicture ? i : 3 * i]!;
    if (isPicture ? Math.abs(found[i]! - expected) > MOST_OFF : found[i] !== expected) wrong++;
  }
  if (wrong <= (1 - LEAST_EQUAL) * found.length) return null;
  return `${((100 * wrong) / found.length).toFixed(1)} % of what it computes is wrong`;
}
