import { answer, followed, settings, victim } from './state.js';

/** A place on the pictures, in shares of their size. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** The classes of a pixel before and after the attack; null where nothing was answered yet. */
export function classesOf({
  x,
  y,
}: Place): { readonly before: number; readonly after: number } | null {
  const found = answer.value;
  if (found === null) return null;
  const { size, labels } = found;
  const at = Math.floor(y * size.height) * size.width + Math.floor(x * size.width);
  return { before: labels.before[at]!, after: labels.after[at]! };
}

/** Follows the class at a place, or no longer where it is followed already. */
export function followAt(when: 'before' | 'after'): (place: Place) => void {
  return (place) => {
    const classes = classesOf(place);
    if (classes !== null) follow(classes[when]);
  };
}

/** Follows a class, or no longer where it is followed already. */
export function follow(number: number): void {
  const name = victim.value?.facts.classes[number] ?? null;
  settings.follow.value = followed.value === number ? null : name;
}

/** The largest classes, in words. */
export function classesAt(when: 'before' | 'after'): string {
  const classes = answer.value?.summary.classes;
  if (classes === undefined) return 'Not computed yet.';
  const share = (one: (typeof classes)[number]): number =>
    when === 'before' ? one.share : one.shareAttacked;
  const largest = [...classes].sort((a, b) => share(b) - share(a)).slice(0, 4);
  const words = largest
    .filter((one) => share(one) > 0)
    .map((one) => `${one.name} ${Math.round(100 * share(one))} %`);
  return `Mostly ${words.join(', ')}.`;
}
