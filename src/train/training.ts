import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { loadClassWeights } from '../data/class-weights.js';
import type { Dataset } from '../data/dataset.js';
import { classNames } from '../shared/classes.js';
import { SegprobeError } from '../shared/errors.js';
import {
  type Checkpoint,
  hasCheckpoint,
  optimizerFileOf,
  readCheckpoint,
  type TrainState,
  writeCheckpoint,
} from './checkpoint.js';
import { isAugmented } from './augmentation.js';
import { flagOf, type TrainConfig, trainSizeOf } from './config.js';
import { batchSizesOf } from './evaluate.js';
import { createModel } from './models/index.js';
import { initialWeights, type NamedTensors, unpackWeights } from './packing.js';
import type { RunLock } from './run-lock.js';
import { createVictim, type Victim, type VictimOptions } from './victim.js';

export interface TrainingSource {
  readonly config: TrainConfig;
  /** The checkpoint's folder, `save/NAME`. */
  readonly folder: string;
  readonly train: Dataset;
  readonly val: Dataset;
  /** What to do where the folder holds a checkpoint already. */
  readonly existing: 'refuse' | 'resume' | 'overwrite';
  /** A checkpoint's weights to begin with instead of random ones, and the file that they come from. */
  readonly pretrained?: { readonly weights: NamedTensors; readonly file: string } | undefined;
  /** The trained encoder of the network to begin with, and the file that it comes from; the rest is drawn. */
  readonly encoder?: { readonly weights: NamedTensors; readonly file: string } | undefined;
  /** Folder of the cached class weights. */
  readonly cacheDir: string;
  readonly reloadClassWeights?: boolean;
  /** Told after each label that is counted for the class weights. */
  readonly onClassPixels?: (done: number, total: number) => void;
}

/** A training under way. */
export interface Training {
  readonly victim: Victim;
  /** How many scenes an epoch takes. */
  readonly scenes: number;
  readonly stepsPerEpoch: number;
  state: TrainState;
  /** The weights of the epoch with the best mIoU; of no meaning before there is one. */
  best: NamedTensors;
  /** The step that the checkpoint on the disk is of. */
  savedStep: number;
}

/** Makes a training ready: from the checkpoint that it resumes, or from the start. The caller disposes its victim. */
export async function prepareTraining(source: TrainingSource): Promise<Training> {
  const { config, train, val, folder } = source;
  const checkpoint = await readExisting(source);
  const scenes = countScenes(config, train);
  const stepsPerEpoch = Math.ceil(scenes / config.batchSize);
  if (checkpoint !== undefined) {
    assertSameData(checkpoint.state, train, scenes);
    assertSameSteps(checkpoint.state, stepsPerEpoch);
  }
  const size = { height: config.height, width: config.width };
  const before = checkpoint?.state.classWeights ?? [];
  const classWeights =
    before.length > 0
      ? before
      : await loadClassWeights({
          dataset: train,
          datasetDir: config.datasetDir,
          size,
          scheme: config.weighing,
          withUnlabeled: config.withUnlabeled,
          cacheDir: source.cacheDir,
          reload: source.reloadClassWeights,
          onProgress: source.onClassPixels,
        });
  const { classTable } = train;
  const victim = createVictim({
    ...size,
    model: config.model,
    classCount: classTable.classes.length,
    seed: config.seed,
    ...firstWeights(source),
    predictBatchSizes: batchSizesOf(countScenes(config, val), config.batchSize),
    training: {
      batchSizes: batchSizesOf(scenes, config.batchSize),
      classWeights,
      hardBelow: config.hardBelow,
      weightDecay: config.weightDecay,
      views: isAugmented(config)
        ? { ...trainSizeOf(config), ignoreIndex: classTable.ignoreIndex }
        : undefined,
      averaging: config.emaDecay > 0,
    },
  });
  const state: TrainState = checkpoint?.state ?? {
    version: 1,
    epoch: 0,
    batch: 0,
    step: 0,
    lossSum: 0,
    seconds: 0,
    best: null,
    metrics: [],
    classes: classTable.classes.map(({ name, color }) => ({ name, color: [...color] })),
    ignoreIndex: classTable.ignoreIndex,
    classWeights: [],
    config,
  };
  try {
    if (checkpoint !== undefined) {
      victim.writeOptimizer(checkpoint.optimizer!, optimizerFileOf(folder));
    }
    return {
      victim,
      scenes,
      stepsPerEpoch,
      // What may differ on resumption: where the data lies, and how long to train.
      state: { ...state, classWeights: [...classWeights], scenes, config },
      best: checkpoint?.weights ?? victim.readWeights(),
      savedStep: state.step,
    };
  } catch (error) {
    victim.dispose();
    throw error;
  }
}

/**
 * Writes the training's checkpoint.
 * @throws SegprobeError `TRAINING_DIVERGED` when a weight is no finite number: such a checkpoint is of no use; and as
 * `writeCheckpoint`. The checkpoint before stays.
 */
export async function saveTraining(
  folder: string,
  training: Training,
  lock: RunLock,
): Promise<void> {
  const { state, best, victim } = training;
  const optimizer = victim.readOptimizer();
  for (const [name, { data }] of optimizer) {
    if ((data as Float32Array).every(Number.isFinite)) continue;
    throw new SegprobeError(
      'TRAINING_DIVERGED',
      `step ${state.step}: expected finite weights, got others in ${name}; a smaller --learning-rate may help (the last checkpoint is kept)`,
    );
  }
  await lock.assertHeld();
  const weights = state.best === null ? victim.readWeights() : best;
  await writeCheckpoint(folder, { state, weights, optimizer });
  training.savedStep = state.step;
}

/** What a training begins with, where that is not drawn. */
function firstWeights({
  config,
  train,
  pretrained,
  encoder,
}: TrainingSource): Pick<VictimOptions, 'weights' | 'weightsFile'> {
  const given = encoder ?? pretrained;
  if (given === undefined || encoder === undefined) {
    return { weights: given?.weights, weightsFile: given?.file };
  }
  const { spec } = createModel(config.model, { classCount: train.classTable.classes.length });
  const drawn = unpackWeights(spec, initialWeights(spec, config.seed));
  const trained = [...encoder.weights].filter(([name]) => drawn.has(name));
  return { weights: new Map([...drawn, ...trained]), weightsFile: encoder.file };
}

/** @throws SegprobeError `DATASET_INVALID` unless the data set has the classes of the checkpoint. */
export function assertSameClasses({ classes }: TrainState, dataset: Dataset): void {
  const [expected, found] = [classes.map(({ name }) => name), classNames(dataset.classTable)];
  if (String(expected) === String(found)) return;
  throw new SegprobeError(
    'DATASET_INVALID',
    `${dataset.name} ${dataset.split}: expected the checkpoint's classes (${expected.join(', ')}), got ${found.join(', ')}`,
  );
}

function assertSameData(state: TrainState, train: Dataset, scenes: number): void {
  assertSameClasses(state, train);
  if (state.scenes === undefined || state.scenes === scenes) return;
  throw new SegprobeError(
    'DATASET_INVALID',
    `${train.name} ${train.split}: expected ${state.scenes} scenes as when the training began, got ${scenes}`,
  );
}

/** An imported training had its own number of steps an epoch, by which the learning rate falls. */
function assertSameSteps(state: TrainState, stepsPerEpoch: number): void {
  const { importedFrom, epoch, batch, step } = state;
  if (importedFrom === undefined || step === epoch * stepsPerEpoch + batch) return;
  throw new SegprobeError(
    'USAGE',
    `expected ${step / epoch} steps an epoch as in the training that is resumed, got ${stepsPerEpoch}; import it with its own --batch-size`,
  );
}

function countScenes({ limit }: TrainConfig, dataset: Dataset): number {
  const count = Math.min(limit ?? Infinity, dataset.length);
  if (count > 0) return count;
  throw new SegprobeError(
    'DATASET_INVALID',
    `${dataset.name} ${dataset.split}: expected at least one scene, got none`,
  );
}

/** @throws SegprobeError `CHECKPOINT_INVALID` where training cannot go on: the checkpoint has weights alone. */
export function assertResumable({ optimizer, state }: Checkpoint, folder: string): void {
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
]);

async function readExisting(source: TrainingSource): Promise<Checkpoint | undefined> {
  const { folder, existing, config } = source;
  if (existing !== 'resume') {
    if (existing === 'refuse') assertFree(folder);
    return undefined; // The first checkpoint takes the place of one that is overwritten.
  }
  const checkpoint = await readCheckpoint(folder);
  assertResumable(checkpoint, folder);
  assertSameOptions(checkpoint.state.config, config);
  return checkpoint;
}

/** @throws SegprobeError `USAGE` naming an option that differs from the training's that is resumed. */
export function assertSameOptions(before: TrainConfig, now: TrainConfig): void {
  for (const key of Object.keys({ ...before, ...now }) as (keyof TrainConfig)[]) {
    if (CHANGEABLE.has(key) || isDeepStrictEqual(before[key], now[key])) continue;
    const [expected, found] = [before[key] ?? 'none', now[key] ?? 'none'];
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
