import { useState } from 'preact/hooks';
import { keepFile, keepFigures } from '../keep.js';
import { answer } from '../state.js';
import type { FileName } from '../worker/protocol.js';

const FILES: readonly (readonly [FileName, string])[] = [
  ['attacked', 'Attacked picture'],
  ['difference', 'Difference'],
  ['before', 'Mask before'],
  ['after', 'Mask after'],
];

/** What can be kept: pictures, masks, figures, and a link to all that was chosen. */
export function Keep() {
  const isOff = answer.value === null;
  return (
    <section class="keep" aria-label="Save">
      <h2>Save</h2>
      {FILES.map(([name, words]) => (
        <button
          key={name}
          type="button"
          class="button"
          disabled={isOff}
          onClick={() => void keepFile(name)}
        >
          {words}
        </button>
      ))}
      <button type="button" class="button" disabled={isOff} onClick={keepFigures}>
        Figures as JSON
      </button>
      <CopyLink />
    </section>
  );
}

function CopyLink() {
  const [words, setWords] = useState('Copy link');
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(location.href);
      setWords('Copied');
    } catch {
      setWords('Copy it from the address bar');
    }
    setTimeout(() => setWords('Copy link'), 2000);
  };
  return (
    <button type="button" class="button" aria-live="polite" onClick={() => void copy()}>
      {words}
    </button>
  );
}
