import { batch } from '@preact/signals';
import { transfer } from 'comlink';
import { draw } from './canvases.js';
import { fetchBeside } from './fetch-beside.js';
import { SAMPLES } from './samples.js';
import { attempt, say } from './say.js';
import * as state from './state.js';
import { studio } from './studio.js';

/** Takes a picture of one's own. */
export function takePicture(file: Blob, name: string): Promise<void> {
  return attempt(async () => {
    say(`Reading ${name}`);
    await take(file, name, { sample: null, label: null });
  });
}

/** Takes a picture of what is right at each pixel. */
export function takeLabel(file: Blob, name: string): void {
  state.fault.value = null;
  state.truth.value = { name, file };
}

/** Takes one of the drawn scenes, and its label. */
export function chooseSample(number: number): Promise<void> {
  return attempt(() => takeSample(number));
}

/** @throws Error where it cannot be had. */
export async function takeSample(number: number): Promise<void> {
  const sample = number < SAMPLES ? number : 0;
  const [file, label] = await Promise.all(
    [`${sample}.webp`, `${sample}.label.png`].map((name) => fetchBeside(`samples/${name}`)),
  );
  const name = `scene ${sample + 1}`;
  await take(await file!.blob(), name, { sample, label: await label!.blob() });
}

/** Takes a frame of a film. */
export async function takeFrame(bitmap: ImageBitmap, name: string): Promise<void> {
  await take(transfer(bitmap, [bitmap]), name, { sample: null, label: null });
}

async function take(
  picture: Blob | ImageBitmap,
  name: string,
  { sample, label }: { readonly sample: number | null; readonly label: Blob | null },
): Promise<void> {
  const taken = await studio.take(picture, name);
  batch(() => {
    state.picture.value = { name, ...taken };
    state.truth.value = label && { name: `the label of ${name}`, file: label };
    state.settings.sample.value = sample;
  });
  draw(await studio.paint(['original'], state.brush.peek()));
}
