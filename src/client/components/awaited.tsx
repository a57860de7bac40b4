import { awaitedWords } from '../awaited-words.js';
import { answered, isExact, settings, status } from '../state.js';

/** Says over a picture that it is not yet of what is chosen, but of a position nearby. */
export function Awaited() {
  if (isExact.value || answered.value === null || status.value.kind !== 'busy') return null;
  const { strength, epsilon } = settings;
  const words = awaitedWords(answered.value, { strength: strength.value, epsilon: epsilon.value });
  return <span class="awaited">{words}</span>;
}
