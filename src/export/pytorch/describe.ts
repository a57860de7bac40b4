import { quote } from './refuse.js';
import { Intermediate } from './value.js';

/** What an object of a pickle is, in words for a message. */
export function describe(item: unknown): string {
  if (item instanceof Intermediate) return item.name;
  if (item instanceof Map) return 'a dictionary';
  if (Array.isArray(item)) return 'a list';
  if (item instanceof Uint8Array) return 'bytes';
  if (typeof item === 'string') return quote(item);
  if (item === null || item === undefined) return 'None';
  if (typeof item === 'number' || typeof item === 'boolean') return String(item);
  return `a ${typeof item}`;
}
