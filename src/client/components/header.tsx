import { engineWords } from '../engine-words.js';
import { engine, settings, status, took } from '../state.js';
import { PlaceSwitch } from './place.js';

/** The name, and what computes. */
export function Header() {
  return (
    <header class="bar">
      <a class="brand" href="./">
        <img src="./icon.svg" alt="" width="28" height="28" />
        segprobe
      </a>
      <Chip />
      <PlaceSwitch />
    </header>
  );
}

/** What computes here and how long it took; while it computes, what it does. */
function Chip() {
  const { kind, words } = status.value;
  const shown =
    kind === 'ready' ? engineWords(settings.place.value, engine.value, took.value) : words;
  return (
    <p class={`chip chip-${kind}`} role="status" title={engine.value?.why ?? ''}>
      <span class="dot" aria-hidden="true" />
      {shown}
    </p>
  );
}
