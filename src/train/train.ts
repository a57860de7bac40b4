import { type BatchLoader, loadBatches } from '../data/batches.js';
import { loadClassWeights } from '../data/class-weights.js';
import type { Dataset } from '../data/dataset.js';
import { isSegprobeError, SegprobeError } from '../shared/errors.js';
import { createRandom, shuffledIndices } from '../shared/random.js';
import {
  type Checkpoint,
  hasCheckpoint,
  lockRun,
  readCheckpoint,
  type TrainState,
  writeCheckpoint,
} from './checkpoint.js';
import type { TrainConfig } from './config.js';
import { batchSizesOf, evaluateVictim } from './evaluate.js';
import { yieldToEvents } from './events.js';
import type { NamedTensors } from './packing.js';
import { learningRateAt } from './schedule.js';
import { createVictim, type Victim } from './victim.js';

export interface TrainOptions {
  readonly config: TrainConfig;
  /** The checkpoint's folder, `save/NAME`. */
  readonly folder: string;
  readonly train: Dataset;
  readonly val: Dataset;
  /** What to do where the folder holds a checkpoint already. */
  readonly existing: 'refuse' | 'resume' | 'overwrite';
  /** A checkpoint's weights to begin with instead of random ones. */
  readonly pretrained?: NamedTensors | undefined;
  /** Folder of the cached class weights. */
  readonly cacheDir: string;
  readonly reloadClassWeights?: boolean;
  readonly observer: TrainObserver;
  /** When it aborts, the training saves where it is and throws `CANCELLED`. */
  readonly signal?: AbortSignal;
}

/** Is told how the training goes. */
export interface TrainObserver {
  onStart(start: { epoch: number; step: number; stepsPerEpoch: number; resumed: boolean }): void;
  onStep(step: StepReport): void;
  onEpoch(epoch: EpochReport): void;
}

export interface StepReport {
  /** Epoch under way, from 1. */
  readonly epoch: number;
  /** Steps done in it. */
  readonly batch: number;
  readonly stepsPerEpoch: number;
  readonly loss: number;
  readonly images: number;
  readonly seconds: number;
}

/** A line of `metrics.jsonl`. */
export interface EpochReport {
  readonly epoch: number;
  readonly step: number;
  /** Mean over the epoch's batches. */
  readonly trainLoss: number;
  readonly learningRate: number;
  readonly valMiou: number | null;
  readonly valPixelAccuracy: number | null;
  readonly valIou: readonly (number | null)[];
  readonly bestMiou: number | null;
  readonly imagesPerSecond: number;
  /** Seconds of the epoch, validation included. */
  readonly seconds: number;
  /** Seconds in which training stood still for want of a picture. */
  readonly waitSeconds: number;
}

/**
 * Trains the victim: epochs of Adam steps in an order drawn from the seed, validation after each, a checkpoint after each.
 * A training that is stopped and resumed computes the same numbers as one that is not.
 *
 * @returns the state after the last epoch.
 * @throws SegprobeError `RUN_IN_PROGRESS`, `CHECKPOINT_EXISTS`, `CHECKPOINT_INVALID`, `TRAINING_DIVERGED`, `CANCELLED`, and what
 * data sets and files throw.
 */
export async function trainVictim(options: TrainOptions): Promise<TrainState> {
  const unlock = await lockRun(options.folder);
  try {
    const training = await prepare(options);
    try {
      return await runEpochs(options, training);
    } finally {
      training.victim.dispose();
    }
  } finally {
    await unlock();
  }
}

interface Training {
  readonly victim: Victim;
  /** How many scenes an epoch takes. */
  readonly scenes: number;
  readonly stepsPerEpoch: number;
  state: TrainState;
  best: NamedTensors;
}

async function prepare(options: TrainOptions): Promise<Training> {
  const { config, train, val, folder } = options;
  const checkpoint = await readExisting(options);
  const { classTable } = train;
  const size = { height: config.height, width: config.width };
  const classWeights =
    checkpoint?.state.classWeights ??
    (await loadClassWeights({
      dataset: train,
      size,
      scheme: config.weighing,
      withUnlabeled: config.withUnlabeled,
      cacheDir: options.cacheDir,
      reload: options.reloadClassWeights ?? false,
    }));
  const scenes = Math.min(config.limit ?? Infinity, train.length);
  const valScenes = Math.min(config.limit ?? Infinity, val.length);
  const victim = createVictim({
    ...size,
    classCount: classTable.classes.length,
    seed: config.seed,
    ...(options.pretrained === undefined ? {} : { weights: options.pretrained }),
    predictBatchSizes: batchSizesOf(valScenes, config.batchSize),
    training: {
      batchSizes: batchSizesOf(scenes, config.batchSize),
      classWeights,
      weightDecay: config.weightDecay,
    },
  });
  if (checkpoint !== undefined) victim.writeOptimizer(checkpoint.optimizer, folder);
  const state: TrainState = checkpoint?.state ?? {
    version: 1,
    model: 'enet',
    epoch: 0,
    batch: 0,
    step: 0,
    lossSum: 0,
    seconds: 0,
    best: null,
    metrics: [],
    classes: classTable.classes.map(({ name, color }) => ({ name, color: [...color] })),
    ignoreIndex: classTable.ignoreIndex,
    classWeights: [...classWeights],
    config,
  };
  return {
    victim,
    scenes,
    stepsPerEpoch: Math.ceil(scenes / config.batchSize),
    // More epochs may be asked for on resumption; everything else is checked to be the same.
    state: { ...state, config },
    best: checkpoint?.weights ?? victim.readWeights(),
  };
}

async function readExisting({
  folder,
  existing,
  config,
}: TrainOptions): Promise<Checkpoint | undefined> {
  if (!hasCheckpoint(folder)) {
    if (existing !== 'resume') return undefined;
    throw new SegprobeError(
      'CHECKPOINT_NOT_FOUND',
      `expected a checkpoint to resume in ${folder}, got none`,
    );
  }
  if (existing === 'refuse') {
    throw new SegprobeError(
      'CHECKPOINT_EXISTS',
      `expected ${folder} to be free, got a checkpoint; pass --resume to go on with it, --overwrite to begin anew, or another --name`,
    );
  }
  if (existing === 'overwrite') return undefined; // The first checkpoint takes its place.
  const checkpoint = await readCheckpoint(folder);
  const before: Record<string, unknown> = checkpoint.state.config;
  for (const [key, value] of Object.entries(config)) {
    // Where the data lies may change, and how long to train: the numbers up to here do not depend on it under `step`.
    if (key === 'datasetDir' || key === 'epochs' || before[key] === value) continue;
    throw new SegprobeError(
      'USAGE',
      `expected the options of the training that is resumed (${key}: ${JSON.stringify(before[key])}), got ${JSON.stringify(value)}`,
    );
  }
  return checkpoint;
}

async function runEpochs(options: TrainOptions, training: Training): Promise<TrainState> {
  const { config, folder, observer } = options;
  const { epoch, step } = training.state;
  observer.onStart({ epoch, step, stepsPerEpoch: training.stepsPerEpoch, resumed: step > 0 });
  while (training.state.epoch < config.epochs) {
    const started = performance.now();
    const loader = loaderOf(options, training);
    const stepsBefore = training.state.batch;
    try {
      await runSteps(options, training, loader);
      const trainSeconds = (performance.now() - started) / 1000;
      const report = await finishEpoch(options, training, {
        imagesPerSecond: (training.scenes - stepsBefore * config.batchSize) / trainSeconds,
        waitSeconds: loader.waitSeconds,
        started,
      });
      await save(folder, training);
      observer.onEpoch(report);
    } catch (error) {
      // Half an epoch is kept too when someone stops the training.
      if (isSegprobeError(error, 'CANCELLED') && training.state.step > step)
        await save(folder, training);
      throw error;
    }
  }
  return training.state;
}

function loaderOf(
  { config, train, signal }: TrainOptions,
  { state, scenes }: Training,
): BatchLoader {
  return loadBatches(train, {
    batchSize: config.batchSize,
    size: { height: config.height, width: config.width },
    order: shuffledIndices(scenes, createRandom(config.seed, state.epoch)),
    firstBatch: state.batch,
    signal,
  });
}

async function runSteps(
  { config, observer, signal }: TrainOptions,
  training: Training,
  loader: BatchLoader,
): Promise<void> {
  const { victim, stepsPerEpoch } = training;
  for await (const batch of loader) {
    const { state } = training;
    const started = performance.now();
    const learningRate = learningRateAt(config, state.step, stepsPerEpoch);
    const loss = victim.trainStep(batch, state.step + 1, learningRate, config.seed);
    const seconds = (performance.now() - started) / 1000;
    training.state = {
      ...state,
      step: state.step + 1,
      batch: state.batch + 1,
      lossSum: state.lossSum + loss,
      seconds: state.seconds + seconds,
    };
    const done = training.state.batch;
    observer.onStep({
      epoch: state.epoch + 1,
      batch: done,
      stepsPerEpoch,
      loss,
      images: batch.count,
      seconds,
    });
    await yieldToEvents();
    if (signal?.aborted) throw cancelled();
  }
}

/** Validates, moves the best weights along, and turns the page. */
async function finishEpoch(
  { config, val, signal }: TrainOptions,
  training: Training,
  timing: { imagesPerSecond: number; waitSeconds: number; started: number },
): Promise<EpochReport> {
  const { victim, state, stepsPerEpoch } = training;
  const { batchSize, height, width, limit } = config;
  const scores = await evaluateVictim(victim, val, {
    batchSize,
    size: { height, width },
    limit,
    signal,
  });
  const epoch = state.epoch + 1;
  const improved = state.best === null || (scores.miou ?? 0) > (state.best.miou ?? 0);
  const { miou, pixelAccuracy, iou } = scores;
  const best = improved ? { epoch, images: scores.images, miou, pixelAccuracy, iou } : state.best;
  if (improved) training.best = victim.readWeights();
  const report: EpochReport = {
    epoch,
    step: state.step,
    trainLoss: state.lossSum / state.batch,
    learningRate: learningRateAt(config, state.step - 1, stepsPerEpoch),
    valMiou: miou,
    valPixelAccuracy: pixelAccuracy,
    valIou: iou,
    bestMiou: best!.miou,
    imagesPerSecond: timing.imagesPerSecond,
    seconds: (performance.now() - timing.started) / 1000,
    waitSeconds: timing.waitSeconds,
  };
  training.state = {
    ...state,
    epoch,
    batch: 0,
    lossSum: 0,
    best,
    metrics: [...state.metrics, { ...report }],
  };
  return report;
}

function save(folder: string, { state, best, victim }: Training): Promise<void> {
  const weights = state.best === null ? victim.readWeights() : best;
  return writeCheckpoint(folder, { state, weights, optimizer: victim.readOptimizer() });
}

function cancelled(): SegprobeError {
  return new SegprobeError(
    'CANCELLED',
    'stopped; what was reached is saved, --resume goes on from there',
  );
}
