import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Dataset } from '../data/dataset.js';
import { classNames } from '../shared/classes.js';
import { SegprobeError } from '../shared/errors.js';
import { hasCheckpoint } from './checkpoint.js';
import { flagOf, type TrainConfig } from './config.js';
import type { NamedTensors } from './packing.js';
import type { Progress } from './train-state.js';

/**
 * How many scenes of a split a training takes.
 * @throws SegprobeError `DATASET_INVALID` where there are none.
 */
export function countScenes(limit: number | undefined, dataset: Dataset): number {
  const count = Math.min(limit ?? Infinity, dataset.length);
  if (count > 0) return count;
  throw new SegprobeError(
    'DATASET_INVALID',
    `${dataset.name} ${dataset.split}: expected at least one scene, got none`,
  );
}

/** @throws SegprobeError `DATASET_INVALID` unless the data set has the classes of the checkpoint. */
export function assertSameClasses({ classes }: Pick<Progress, 'classes'>, dataset: Dataset): void {
  const [expected, found] = [classes.map(({ name }) => name), classNames(dataset.classTable)];
  if (String(expected) === String(found)) return;
  throw new SegprobeError(
    'DATASET_INVALID',
    `${dataset.name} ${dataset.split}: expected the checkpoint's classes (${expected.join(', ')}), got ${found.join(', ')}`,
  );
}

/** @throws SegprobeError `DATASET_INVALID` unless the data set is the one that the training began with. */
export function assertSameData(
  state: Pick<Progress, 'classes' | 'scenes'>,
  train: Dataset,
  scenes: number,
): void {
  assertSameClasses(state, train);
  if (state.scenes === undefined || state.scenes === scenes) return;
  throw new SegprobeError(
    'DATASET_INVALID',
    `${train.name} ${train.split}: expected ${state.scenes} scenes as when the training began, got ${scenes}`,
  );
}

/** @throws SegprobeError `CHECKPOINT_INVALID` where training cannot go on: the checkpoint has weights alone. */
export function assertResumable(
  {
    optimizer,
    state,
  }: {
    readonly optimizer?: NamedTensors | undefined;
    readonly state: { readonly importedFrom?: { readonly file: string } | undefined };
  },
  folder: string,
): void {
  if (optimizer !== undefined) return;
  throw new SegprobeError(
    'CHECKPOINT_INVALID',
    `${folder}: expected the optimizer's state to resume from, got none in ${state.importedFrom?.file}; to begin a training with these weights pass --pretrained ${path.basename(folder)} and another --name`,
  );
}

/** Options that a resumption may change: the numbers up to here do not depend on them. */
const CHANGEABLE: ReadonlySet<string> = new Set<keyof TrainConfig>([
  'datasetDir',
  'epochs',
  'encoderEpochs',
  'attackers',
]);

/** @throws SegprobeError `USAGE` naming an option that differs from the training's that is resumed. */
export function assertSameOptions<Config extends object>(before: Config, now: Config): void {
  for (const key of Object.keys({ ...before, ...now }) as (keyof Config & string)[]) {
    if (CHANGEABLE.has(key) || isDeepStrictEqual(before[key], now[key])) continue;
    const [expected, found] = [String(before[key] ?? 'none'), String(now[key] ?? 'none')];
    throw new SegprobeError(
      'USAGE',
      `${flagOf(key)}: expected ${expected} as in the training that is resumed, got ${found}`,
    );
  }
}

/** @throws SegprobeError `CHECKPOINT_EXISTS` */
export function assertFree(folder: string): void {
  if (!hasCheckpoint(folder)) return;
  throw new SegprobeError(
    'CHECKPOINT_EXISTS',
    `${folder}: expected no checkpoint of this name, got one; pass --resume to go on with it, --overwrite to begin anew, or another --name`,
  );
}

/**
 * A checkpoint with weights that are no numbers is of no use.
 * @throws SegprobeError `TRAINING_DIVERGED`
 */
export function assertFiniteState(optimizer: NamedTensors, step: number): void {
  for (const [name, { data }] of optimizer) {
    if ((data as Float32Array).every(Number.isFinite)) continue;
    throw new SegprobeError(
      'TRAINING_DIVERGED',
      `step ${step}: expected finite weights, got others in ${name}; a smaller --learning-rate may help (the last checkpoint is kept)`,
    );
  }
}

/** @throws SegprobeError `USAGE` unless the victim is the one that an attacker's training began with, to the bit. */
export function assertSameVictim(
  before: { readonly name: string; readonly sha256: string } | null,
  now: { readonly name: string; readonly weightsSha256: string },
): void {
  if (before === null || before.sha256 === now.weightsSha256) return;
  throw new SegprobeError(
    'USAGE',
    `--name: expected the weights of ${before.name} as in the training that is resumed (SHA-256 ${before.sha256.slice(0, 12)}…), got those of ${now.name} (${now.weightsSha256.slice(0, 12)}…)`,
  );
}
