import * as tf from '@tensorflow/tfjs';
import { useDevice } from '../../src/train/device.js';

/** Makes WebAssembly the backend of the suite it is called in, as `--device wasm` does. */
export function useWebAssembly(): void {
  let previous: string;

  before('uses the backend wasm', async () => {
    previous = tf.getBackend();
    await useDevice('wasm', () => undefined);
  });
  after(async () => {
    if (previous !== '') await tf.setBackend(previous);
  });
}

/** Computes on the backend `name` and goes back to the one in use. */
export async function onBackend<T>(name: string, compute: () => T): Promise<T> {
  const previous = tf.getBackend();
  await tf.setBackend(name);
  try {
    return compute();
  } finally {
    await tf.setBackend(previous);
  }
}
