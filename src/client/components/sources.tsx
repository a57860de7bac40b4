import { useRef } from 'preact/hooks';
import { chooseSample, take } from '../conductor.js';
import { SAMPLES } from '../samples.js';
import { picture, settings } from '../state.js';

/** What picture to look at: drawn scenes, or one's own. */
export function Sources() {
  return (
    <section class="panel sources" aria-labelledby="sources-title">
      <h2 id="sources-title">Picture</h2>
      <ul class="samples">
        {Array.from({ length: SAMPLES }, (_, number) => (
          <li key={number}>
            <Sample number={number} />
          </li>
        ))}
      </ul>
      <div class="row">
        <OpenPicture />
      </div>
      <p class="note">{noteOf()}</p>
    </section>
  );
}

function Sample({ number }: { readonly number: number }) {
  return (
    <button
      type="button"
      aria-pressed={settings.sample.value === number}
      onClick={() => void chooseSample(number)}
    >
      <img
        src={`./samples/${number}.thumb.webp`}
        alt={`Drawn street scene ${number + 1}`}
        width="160"
        height="120"
      />
    </button>
  );
}

function OpenPicture() {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" class="button" onClick={() => input.current!.click()}>
        Open a picture
      </button>
      <input
        ref={input}
        class="unseen"
        type="file"
        accept="image/*"
        tabIndex={-1}
        aria-label="A picture of your own"
        onChange={({ currentTarget }) => {
          const file = currentTarget.files?.[0];
          if (file) void take(file, file.name);
          currentTarget.value = '';
        }}
      />
    </>
  );
}

function noteOf(): string {
  const shown = picture.value;
  if (shown === null) return ' ';
  const { width, height } = shown.size;
  const scaled = shown.scaledFrom;
  return `${shown.name}, ${width}×${height}${scaled ? `, scaled down from ${scaled.width}×${scaled.height}` : ''}`;
}
