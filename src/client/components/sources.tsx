import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { takeFile } from '../files.js';
import { playFilm, startCamera, stopLive } from '../live.js';
import { chooseSample } from '../pictures.js';
import { SAMPLES } from '../samples.js';
import { isLive, picture, settings } from '../state.js';

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
        <FileButton label="A picture of your own" accept="image/*" onFile={takeFile}>
          Open
        </FileButton>
        <FileButton
          label="A film of your own"
          accept="video/*"
          onFile={(file) => void playFilm(file)}
        >
          Film
        </FileButton>
        {isLive.value ? (
          <button type="button" class="button stop" onClick={stopLive}>
            Stop
          </button>
        ) : (
          <button type="button" class="button" onClick={() => void startCamera()}>
            Camera
          </button>
        )}
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
      onClick={() => {
        stopLive();
        void chooseSample(number);
      }}
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

/** A button that asks for a file. */
export function FileButton({
  label,
  accept,
  onFile,
  children,
}: {
  readonly label: string;
  readonly accept: string;
  readonly onFile: (file: File) => void;
  readonly children: ComponentChildren;
}) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" class="button" title={label} onClick={() => input.current!.click()}>
        {children}
      </button>
      <input
        ref={input}
        class="unseen"
        type="file"
        accept={accept}
        tabIndex={-1}
        aria-label={label}
        onChange={({ currentTarget }) => {
          const file = currentTarget.files?.[0];
          if (file) onFile(file);
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
  const origin = scaled ? `, scaled down from ${scaled.width}×${scaled.height}` : '';
  return `${shown.name}, ${width}×${height}${origin}`;
}
