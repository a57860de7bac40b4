import * as tf from '@tensorflow/tfjs';
import type { ProgramRunner } from '../../graph/program.js';
import { SegprobeError } from '../../shared/errors.js';
import { registerPortableFilterGradient } from '../kernels/portable-filter-gradient.js';
import { registerPortableMaxPool } from '../kernels/portable-max-pool.js';
import { unavailable } from './unavailable.js';

/**
 * Makes WebAssembly the backend in use.
 * @throws SegprobeError `BACKEND_UNAVAILABLE` where it does not start.
 */
export async function useWasm(): Promise<void> {
  const restore = keepListeners('uncaughtException', 'unhandledRejection');
  await import('@tensorflow/tfjs-backend-wasm');
  if (!(await tf.setBackend('wasm'))) throw unavailable('wasm', 'one that does not start');
  await tf.ready();
  restore();
  registerPortableFilterGradient('wasm');
  registerPortableMaxPool('wasm');
}

/**
 * Emscripten's start code, which WebAssembly runs in, listens for errors that nobody catches and throws them again out of its
 * own one line of 60,000 characters, which Node then prints.
 * @returns takes away the listeners that were added since.
 */
function keepListeners(...events: readonly string[]): () => void {
  const before = events.map((event) => ({ event, listeners: process.listeners(event as 'exit') }));
  return () => {
    for (const { event, listeners } of before) {
      for (const added of process.listeners(event as 'exit')) {
        if (!listeners.includes(added)) process.off(event, added);
      }
    }
  };
}

/** WebAssembly addresses 4 GiB and ends with "Aborted()" where that is not enough; nothing computes after that. */
export function namingMemory(runner: ProgramRunner): ProgramRunner {
  const run: ProgramRunner['run'] = (name, inputs) => {
    try {
      return runner.run(name, inputs);
    } catch (error) {
      if (!(error instanceof Error && error.name === 'RuntimeError')) throw error;
      throw new SegprobeError(
        'BACKEND_UNAVAILABLE',
        "expected room in WebAssembly's 4 GiB, got a batch that needs more; a smaller --batch-size, --height and --width, or native " +
          'TensorFlow (npm run setup) mend it',
        { cause: error },
      );
    }
  };
  return { ...runner, run };
}
