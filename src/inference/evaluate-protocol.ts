import type { Size } from '../data/dataset.js';
import type { StartedThreads } from './started-threads.js';
import type { VictimFiles } from './victim-session.js';

/** What an evaluation's worker thread is started with. */
export interface EvaluateSetup {
  readonly victim: VictimFiles;
  readonly attacker: { readonly path: string } | null;
  /** Classes of the labels: the victim's, and the ignored one where it has none for it. */
  readonly classCount: number;
  readonly ignoreIndex: number;
  readonly size: Size;
  readonly started: StartedThreads;
}

/** One scene to be counted. The arrays are moved to the worker, not copied. */
export interface EvaluateTask {
  /** RGB, uint8 `[H, W, 3]` flattened. */
  readonly image: Uint8Array<ArrayBuffer>;
  /** Class numbers, `[H, W]` flattened. */
  readonly label: Uint8Array<ArrayBuffer>;
  /** The picture as something outside the thread perturbed it, `[H, W, 3]` flattened; without it the attacker does, if any. */
  readonly perturbed?: Uint8Array<ArrayBuffer>;
}
