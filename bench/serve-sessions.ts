import { Tensor } from 'onnxruntime-node';
import { Piscina } from 'piscina';
import { loadImageModel, runServingForm } from '../src/inference/session.js';

/** What a thread of bench/serve.ts is started with. */
export interface ServeSessionsSetup {
  /** A serving form, from bytes to labels. */
  readonly file: string;
  readonly size: { readonly height: number; readonly width: number };
  /** Pictures to run on in turn, RGB `[H, W, 3]` flattened. */
  readonly images: readonly Uint8Array[];
}

const { file, size, images } = Piscina.workerData as ServeSessionsSetup;

/** Runs a session and nothing else for some milliseconds. @returns how many pictures it did. */
export const runSessions = loadImageModel(file, 1).then((model) => {
  const inputs = images.map((rgb) => new Tensor('uint8', rgb, [1, size.height, size.width, 3]));
  return async (milliseconds: number): Promise<number> => {
    const end = performance.now() + milliseconds;
    let done = 0;
    while (performance.now() < end) {
      await runServingForm(model, inputs[done % inputs.length]!);
      done++;
    }
    return done;
  };
});
