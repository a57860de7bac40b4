import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { pMapIterable } from 'p-map';
import { isSegprobeError, SegprobeError } from '../../shared/errors.js';
import type { Split } from '../dataset.js';
import type { LabelCoding } from '../label-coding.js';
import type { Layout } from '../layout.js';
import type { ScenePair } from '../read-scene.js';
import type { ListingFault } from '../split-listing.js';
import { createCoverage, type SplitSummary } from './coverage.js';
import { findDuplicates, type SeenPicture } from './duplicates.js';
import type { Fault } from './fault.js';
import { inspectScene, type SceneReport } from './inspect-scene.js';
import { findNearDuplicates } from './near-duplicates.js';

export interface CheckOptions {
  /** In the order of `SPLITS`. */
  readonly splits: readonly Split[];
  /** Bits of 256 in which two pictures that are nearly the same differ at most. @defaultValue {@link NEAR_BITS} */
  readonly nearBits?: number | undefined;
  /** Told after each scene how many are done, of how many. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Told now and then, when all scenes are read, how many pictures are compared with all others, of how many. */
  readonly onCompared?: (done: number, total: number) => void;
  /** Ends the check with `CANCELLED`. */
  readonly signal?: AbortSignal | undefined;
}

/** What a check finds. */
export interface DatasetCheck {
  readonly splits: readonly SplitSummary[];
  readonly faults: readonly Fault[];
}

/** A scene's files; the label is missing where labels are kept back. */
type CheckedScene = Pick<ScenePair, 'picture'> & { readonly label?: string };

interface CheckedSplit {
  readonly split: Split;
  readonly scenes: readonly CheckedScene[];
}

/**
 * In CamVid, pictures of different streets are 64 bits apart or more; frames 1/15 s apart 6 to 39, mostly 20; frames of a car
 * that stands, seconds apart, up to 40. Encoding one as JPEG, halving it or lightening it changes 16 at most.
 */
export const NEAR_BITS = 31;

/**
 * Walks a data set and names every fault of it.
 *
 * Scenes are decoded side by side and given up at once; what is kept of each is its name, two digests and 32 bytes that
 * describe the picture.
 *
 * @throws SegprobeError `CANCELLED`; faults are found, not thrown.
 */
export async function checkDataset(layout: Layout, options: CheckOptions): Promise<DatasetCheck> {
  const { nearBits = NEAR_BITS, onProgress, onCompared, signal } = options;
  const faults: Fault[] = [];
  const listed: CheckedSplit[] = [];
  for (const split of options.splits) {
    const { found, scenes } = await listSplit(layout, split);
    for (const fault of found) faults.push({ ...fault, split });
    listed.push({ split, scenes });
  }
  const total = listed.reduce((sum, { scenes }) => sum + scenes.length, 0);
  const summaries: SplitSummary[] = [];
  const seen: SeenPicture[] = [];
  let done = 0;
  for (const { split, scenes } of listed) {
    const coverage = createCoverage(split, layout.classTable);
    for await (const { scene, report } of inspectAll(scenes, layout)) {
      assertGoingOn(signal);
      faults.push(...report.faults.map((fault) => ({ ...fault, split })));
      coverage.add(report, scene.picture);
      const { picture, label } = report;
      if (picture !== undefined) {
        const { digest, hash } = picture;
        seen.push({ split, file: scene.picture, digest, hash, labelDigest: label?.digest });
      }
      onProgress?.(++done, total);
    }
    faults.push(...coverage.findFaults(split));
    summaries.push(coverage.summarize());
  }
  const near = await findNearDuplicates(seen, nearBits, async (compared, pictures) => {
    onCompared?.(compared, pictures);
    await setImmediate();
    assertGoingOn(signal);
  });
  return { splits: summaries, faults: [...faults, ...findDuplicates(seen), ...near] };
}

function assertGoingOn(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new SegprobeError('CANCELLED', 'the check was stopped');
}

async function listSplit(
  layout: Layout,
  split: Split,
): Promise<
  { found: readonly (ListingFault | Omit<Fault, 'split'>)[] } & Pick<CheckedSplit, 'scenes'>
> {
  try {
    const { pairs, withoutLabels = [], faults } = await layout.listSplit(split);
    return { scenes: [...pairs, ...withoutLabels], found: faults };
  } catch (error) {
    if (!isSegprobeError(error)) throw error;
    return {
      scenes: [],
      found: [{ kind: 'split-unreadable', file: split, message: error.message }],
    };
  }
}

/** Inspects scenes side by side, and gives them in order. */
function inspectAll(
  scenes: CheckedSplit['scenes'],
  layout: Layout,
): AsyncIterable<{ readonly scene: CheckedScene; readonly report: SceneReport }> {
  const codingOf = (label: string): LabelCoding => layout.codingOf(label);
  return pMapIterable(
    scenes,
    async (scene) => ({ scene, report: await inspectScene(scene, layout.classTable, codingOf) }),
    { concurrency: 2 * availableParallelism() },
  );
}
