import * as tf from '@tensorflow/tfjs';

/** Computes on the backend `name` and goes back to the one in use. */
export async function onBackend<T>(name: string, compute: () => T | Promise<T>): Promise<T> {
  const previous = tf.getBackend();
  await tf.setBackend(name);
  try {
    return await compute();
  } finally {
    await tf.setBackend(previous);
  }
}
