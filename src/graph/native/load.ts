import { createRequire } from 'node:module';
import type * as TfjsNode from '@tensorflow/tfjs-node-gpu';
import { messageOf, SegprobeError } from '../../shared/errors.js';
import { readLink } from './link.js';

const require = createRequire(import.meta.url);

/**
 * Lets XLA on CPUs compute several outputs of a compiled function in one loop; a release that does not know the option passes
 * over it.
 */
const XLA_FLAGS = '--xla_backend_extra_options=xla_cpu_use_multi_output_fusion=true';

/**
 * Loads tfjs on native TensorFlow and makes it the backend in use, with oneDNN on and the start-up notices off (unless the
 * environment says otherwise).
 *
 * @throws SegprobeError `BACKEND_UNAVAILABLE` when it is not set up or does not load.
 */
export async function loadNativeTensorFlow(): Promise<typeof TfjsNode> {
  if (readLink() === undefined) {
    throw new SegprobeError(
      'BACKEND_UNAVAILABLE',
      'native TensorFlow is not set up: npm run setup',
    );
  }
  // Read once, when the library is loaded.
  process.env['TF_ENABLE_ONEDNN_OPTS'] ??= '1';
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  process.env['XLA_FLAGS'] ??= XLA_FLAGS;
  restoreOldUtil();
  try {
    const tf = require('@tensorflow/tfjs-node-gpu') as typeof TfjsNode;
    await tf.setBackend('tensorflow');
    await tf.ready();
    assertComputes(tf);
    return tf;
  } catch (error) {
    throw new SegprobeError(
      'BACKEND_UNAVAILABLE',
      `native TensorFlow does not load: ${messageOf(error)} (npm run setup mends it)`,
      { cause: error },
    );
  }
}

/**
 * tfjs-node 4.22 calls two functions of `node:util` that Node 22 warns of and Node 23 removed (tensorflow/tfjs#8609; mended by
 * #8425, in no release yet). To be dropped with the first release after 4.22.0.
 */
function restoreOldUtil(): void {
  Object.assign(require('node:util') as object, {
    isArray: Array.isArray,
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
  });
}

/** Sums of products by hand: [1 2] · [3 4]ᵀ = 11. */
function assertComputes(tf: typeof TfjsNode): void {
  const [found] = tf.tidy(() =>
    tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]])).dataSync(),
  );
  if (found !== 11) throw new Error(`expected [1 2]·[3 4] = 11, got ${found}`);
}
