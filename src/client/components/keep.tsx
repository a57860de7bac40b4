import { useState } from 'preact/hooks';
import { keepFaults } from '../faults.js';
import { keepFile, keepFigures } from '../keep.js';
import { answer, hasService } from '../state.js';
import type { FileName } from '../worker/protocol.js';

const FILES: readonly (readonly [FileName, string])[] = [
  ['attacked', 'Attacked picture'],
  ['difference', 'Difference'],
  ['before', 'Mask before'],
  ['after', 'Mask after'],
];

/** What can be kept: pictures, masks, figures, a link to all that was chosen, the fault report. */
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
      <FaultReport />
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

/** What is wrong with the victim: the service finds out, and takes a while. */
function FaultReport() {
  const [isBusy, setBusy] = useState(false);
  const make = async (): Promise<void> => {
    setBusy(true);
    await keepFaults();
    setBusy(false);
  };
  return (
    <button
      type="button"
      class="button"
      title={
        hasService.value
          ? 'What is wrong with this victim, in drawn scenes: the server takes about half a minute'
          : 'It is made on a server: segprobe serve'
      }
      disabled={answer.value === null || !hasService.value || isBusy}
      onClick={() => void make()}
    >
      Fault report
    </button>
  );
}
