import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { SentImage } from './read-images.js';

/** One picture's answer. */
export interface ImageAnswer {
  /** As JSON; times come beside it. */
  readonly json: object;
  /** The picture, unless JSON was asked for, and headers that say about it what JSON would. */
  readonly png?: Uint8Array | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Where the time went. */
  readonly milliseconds: Readonly<Record<string, number>>;
}

/** Answers to pictures that may come again, the least lately used given up first. */
export interface AnswerCache {
  /** Bytes that it holds. */
  readonly bytes: number;
  get(key: string): ImageAnswer | undefined;
  set(key: string, answer: ImageAnswer): void;
}

/** Maps, keys and headers of an answer, about. */
const OVERHEAD_BYTES = 1000;

/** @param maxBytes - 0: none is kept. */
export function createAnswerCache(maxBytes: number): AnswerCache {
  if (maxBytes === 0) return { bytes: 0, get: () => undefined, set: () => undefined };
  const answers = new LRUCache<string, ImageAnswer>({
    maxSize: maxBytes,
    sizeCalculation: bytesOf,
  });
  return {
    get bytes() {
      return answers.calculatedSize;
    },
    get: (key) => answers.get(key),
    set: (key, answer) => void answers.set(key, answer),
  };
}

/**
 * Names the answer to a picture, by all that it depends on.
 * @param parameters - the route, the models by their digests, what was asked for.
 */
export function answerKey({ bytes, label }: SentImage, parameters: readonly unknown[]): string {
  const hash = createHash('sha256').update(JSON.stringify([...parameters, bytes.length]));
  hash.update(bytes);
  if (label !== undefined) hash.update(label);
  return hash.digest('base64url');
}

/** Names the answer to all pictures of a request; weak, for the times in it are those of the first. */
export function entityTag(keys: readonly string[], isInParts: boolean): string {
  const [key] = keys;
  if (keys.length === 1 && !isInParts) return `W/"${key}"`;
  const hash = createHash('sha256').update(JSON.stringify([...keys, isInParts]));
  return `W/"${hash.digest('base64url')}"`;
}

/** Tells whether `If-None-Match` names this answer. */
export function isKnown(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const weak = (own: string): string => own.trim().replace(/^W\//, '');
  return ifNoneMatch.split(',').map(weak).includes(weak(tag));
}

function bytesOf({ json, png }: ImageAnswer): number {
  return (png?.length ?? JSON.stringify(json).length) + OVERHEAD_BYTES;
}
