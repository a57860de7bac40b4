import { attempt } from './say.js';
import { answer, answered, brush, currentSettings, engine, picture, took } from './state.js';
import { studio } from './studio.js';
import type { FileName } from './worker/protocol.js';

/** Saves a picture or mask that is shown, as PNG. */
export function keepFile(name: FileName): Promise<void> {
  return attempt(async () => save(await studio.encode(name, brush.peek()), `${name}.png`));
}

/** Saves the figures, and what they are of. */
export function keepFigures(): void {
  if (answer.value === null) return;
  const { summary } = answer.value;
  const figures = {
    ...summary,
    epsilon: answered.value?.epsilon ?? null,
    picture: picture.value?.name,
    engine: currentSettings().place === 'server' ? 'server' : engine.value,
    milliseconds: took.value,
  };
  const text = `${JSON.stringify(figures, null, 2)}\n`;
  save(new Blob([text], { type: 'application/json' }), 'attack.json');
}

/** Saves a file where the browser puts what it loads down. */
export function save(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = `segprobe-${name}`;
  link.click();
  // Its reading has begun by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
