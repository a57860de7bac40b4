import { SegprobeError } from '../shared/errors.js';
import type { Dataset, Scene, Size } from './dataset.js';

export interface ReadAheadOptions<T> {
  readonly size: Size;
  /** The scenes to read, by index, in this order. */
  readonly order: readonly number[];
  /** Scenes taken at a time; the last group may be smaller. */
  readonly groupSize: number;
  /**
   * The most scenes, beside the group that is taken, that are being read or wait. Less than a group counts as one; with 0, a group is
   * read when it is asked for.
   */
  readonly ahead: number;
  /** Makes what the consumer gets of a group. */
  readonly collect: (scenes: readonly Scene[]) => T;
  /** Changes each scene as soon as it is read; `index` is the scene's in the data set. */
  readonly transform?: ((scene: Scene, index: number) => Scene) | undefined;
  /** Ends the reading with `CANCELLED`. */
  readonly signal?: AbortSignal | undefined;
}

type Outcome = { readonly scene: Scene } | { readonly error: unknown };

/**
 * Reads scenes in order, always some in advance: while the consumer blocks the main thread, the threads that decode
 * go on with what was asked for before. Whatever ends it, no read is left running and none is begun after.
 *
 * @throws what reading or transforming a scene threw, when its group's turn comes; SegprobeError `CANCELLED`.
 */
export async function* readAhead<T>(
  dataset: Dataset,
  options: ReadAheadOptions<T>,
): AsyncGenerator<T, void, undefined> {
  const { order, groupSize, collect, signal } = options;
  const ahead = Math.max(options.ahead, groupSize);
  const outcomes: Promise<Outcome>[] = [];
  let begun = 0;
  const beginReads = (): void => {
    while (outcomes.length < ahead && begun < order.length) {
      outcomes.push(readOne(dataset, order[begun++]!, options));
    }
  };
  const throwIfCancelled = (): void => {
    if (signal?.aborted) throw new SegprobeError('CANCELLED', 'reading was cancelled');
  };
  throwIfCancelled();
  try {
    while (begun < order.length || outcomes.length > 0) {
      beginReads();
      const scenes = (await Promise.all(outcomes.slice(0, groupSize))).map(sceneOf);
      throwIfCancelled();
      void outcomes.splice(0, groupSize);
      // Collected before the threads are busy again: both want the same cores.
      const collected = collect(scenes);
      if (options.ahead > 0) beginReads();
      yield collected;
    }
  } finally {
    await Promise.all(outcomes);
  }
}

/** Never rejects, so that a failure waits for its turn. */
async function readOne<T>(
  dataset: Dataset,
  index: number,
  { size, transform }: ReadAheadOptions<T>,
): Promise<Outcome> {
  try {
    const scene = await dataset.read(index, size);
    return { scene: transform === undefined ? scene : transform(scene, index) };
  } catch (error) {
    return { error };
  }
}

function sceneOf(outcome: Outcome): Scene {
  if ('error' in outcome) throw outcome.error;
  return outcome.scene;
}
