import type { Size } from '../data/dataset.js';
import type { VictimFiles } from './victim-session.js';

/** What an evaluation's worker thread is started with. */
export interface EvaluateSetup {
  readonly victim: VictimFiles;
  readonly attacker: { readonly path: string } | null;
  /** Classes of the labels: the victim's, and the ignored one where it has none for it. */
  readonly classCount: number;
  readonly ignoreIndex: number;
  readonly size: Size;
  /** Whether to leave the cores to whoever else wants them. */
  readonly background: boolean;
}
