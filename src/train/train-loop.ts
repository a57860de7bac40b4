import { type Batch, type BatchLoader, loadBatches } from '../data/batches.js';
import type { Dataset } from '../data/dataset.js';
import { isSegprobeError, SegprobeError } from '../shared/errors.js';
import { createRandom, shuffledIndices } from '../shared/random.js';
import type { TrainConfig } from './config.js';
import { yieldToEvents } from './events.js';
import { learningRateAt, type ScheduleConfig } from './schedule.js';
import type { EpochReport, TrainObserver } from './train-observer.js';
import type { Progress } from './train-state.js';

/** What the loop must know of a training's options. */
export type LoopConfig = Omit<ScheduleConfig, 'epochs'> &
  Pick<TrainConfig, 'batchSize' | 'height' | 'width' | 'seed' | 'valEvery'>;

/** What was measured on val after an epoch; see {@link EpochReport}. */
export type ValidationScores = Pick<EpochReport, 'valMiou' | 'valPixelAccuracy' | 'valIou'> &
  Readonly<Record<string, unknown>>;

/** A training under way, of a victim or of an attacker. */
export interface Training<State extends Progress = Progress> {
  /** How many scenes an epoch takes. */
  readonly scenes: number;
  readonly stepsPerEpoch: number;
  state: State;
  /** The step that the checkpoint on the disk is of. */
  savedStep: number;
  /** @returns the loss before the step, which is counted from 1. */
  trainStep(
    batch: Batch,
    at: { readonly step: number; readonly learningRate: number },
  ): Promise<number>;
  /** Scores what is trained on val, and keeps it where it is the best so far. */
  validate(epoch: number): Promise<ValidationScores>;
  /** The best mIoU so far. */
  bestMiou(): number | null;
  /** Writes the checkpoint. */
  save(): Promise<void>;
  dispose(): void;
}

export interface LoopOptions {
  readonly config: LoopConfig;
  /** The checkpoint's, `save/NAME`. */
  readonly folder: string;
  /** To be done in all. */
  readonly epochs: number;
  /** Stop after this epoch, though the learning rate falls as if all were to come. @defaultValue the last */
  readonly until?: number | undefined;
  readonly train: Dataset;
  /** Batches read ahead; 0: each when it is needed. @defaultValue 2 */
  readonly workers?: number | undefined;
  readonly observer: TrainObserver;
  /** When it aborts, the training saves where it is and throws `CANCELLED`. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Trains: epochs of steps in an order drawn from the seed, validation after each, a checkpoint after each. A training that is
 * stopped and resumed computes the same numbers as one that is not.
 *
 * @throws SegprobeError `TRAINING_DIVERGED`, `CANCELLED`, and what data sets and files throw. Where steps were done that no
 * checkpoint holds, one is written first, unless they diverged.
 */
export async function runTraining(options: LoopOptions, training: Training): Promise<void> {
  const { observer, epochs, until = epochs, folder } = options;
  const { epoch, step, classes, ignoreIndex, metrics } = training.state;
  const { stepsPerEpoch } = training;
  const bestMiou = training.bestMiou();
  const start = {
    folder,
    classes,
    ignoreIndex,
    metrics,
    epochs,
    epoch,
    step,
    stepsPerEpoch,
    bestMiou,
  };
  observer.onStart({ ...start, resumed: step > 0 });
  try {
    while (training.state.epoch < until) {
      const report = await runEpoch(options, training).catch((error: unknown) =>
        saveAndThrow(error, training),
      );
      await observer.onEpochDone?.(report);
      await training.save();
      observer.onEpoch(report);
    }
  } finally {
    await observer.onEnd?.();
  }
}

/** Half an epoch is kept too when someone stops the training, or when a scene cannot be read. */
async function saveAndThrow(error: unknown, training: Training): Promise<never> {
  if (isSegprobeError(error, 'TRAINING_DIVERGED')) throw error;
  const { step } = training.state;
  const isNew = step > training.savedStep;
  if (!isSegprobeError(error, 'CANCELLED')) {
    if (isNew) await training.save().catch(() => undefined);
    throw error;
  }
  if (isNew) await training.save();
  throw new SegprobeError(
    'CANCELLED',
    step === 0
      ? NOTHING_SAVED
      : `stopped after step ${step}, which is saved; --resume goes on from there`,
    { cause: error },
  );
}

const NOTHING_SAVED = 'stopped before the first step; nothing is saved';

async function runEpoch(options: LoopOptions, training: Training): Promise<EpochReport> {
  const { config } = options;
  const started = performance.now();
  const loader = loaderOf(options, training);
  const images = training.scenes - training.state.batch * config.batchSize;
  await runSteps(options, training, loader);
  const trainSeconds = (performance.now() - started) / 1000;
  return finishEpoch(options, training, {
    imagesPerSecond: images > 0 ? images / trainSeconds : null,
    waitSeconds: loader.waitSeconds,
    started,
  });
}

function loaderOf(
  { config, train, workers, signal }: LoopOptions,
  { state, scenes }: Training,
): BatchLoader {
  return loadBatches(train, {
    batchSize: config.batchSize,
    size: { height: config.height, width: config.width },
    order: shuffledIndices(scenes, createRandom(config.seed, state.epoch)),
    firstBatch: state.batch,
    workers,
    signal,
  });
}

async function runSteps(
  { config, epochs, observer, signal }: LoopOptions,
  training: Training,
  loader: BatchLoader,
): Promise<void> {
  const { stepsPerEpoch } = training;
  for await (const batch of loader) {
    const { state } = training;
    const step = state.step + 1;
    await observer.onBatch?.(batch, step);
    const started = performance.now();
    const learningRate = learningRateAt({ ...config, epochs }, state.step, stepsPerEpoch);
    const loss = await training.trainStep(batch, { step, learningRate });
    training.state = {
      ...state,
      step,
      batch: state.batch + 1,
      lossSum: state.lossSum + loss,
      seconds: state.seconds + (performance.now() - started) / 1000,
    };
    observer.onStep({
      epoch: state.epoch + 1,
      batch: training.state.batch,
      stepsPerEpoch,
      loss,
      images: batch.count,
    });
    await yieldToEvents();
    if (signal?.aborted) throw new SegprobeError('CANCELLED', 'training was cancelled');
  }
}

/** Validates if it is time, and turns the page. */
async function finishEpoch(
  { config, epochs, until = epochs }: LoopOptions,
  training: Training,
  timing: { imagesPerSecond: number | null; waitSeconds: number; started: number },
): Promise<EpochReport> {
  const { state, stepsPerEpoch } = training;
  const epoch = state.epoch + 1;
  const isTime = epoch % config.valEvery === 0 || epoch === until;
  const scores = isTime ? await training.validate(epoch) : NO_SCORES;
  const report: EpochReport = {
    epoch,
    step: state.step,
    trainLoss: state.lossSum / state.batch,
    learningRate: learningRateAt({ ...config, epochs }, state.step - 1, stepsPerEpoch),
    ...scores,
    bestMiou: training.bestMiou(),
    imagesPerSecond: timing.imagesPerSecond,
    seconds: (performance.now() - timing.started) / 1000,
    waitSeconds: timing.waitSeconds,
  };
  training.state = {
    ...training.state,
    epoch,
    batch: 0,
    lossSum: 0,
    metrics: [...state.metrics, { ...report }],
  };
  return report;
}

const NO_SCORES: ValidationScores = { valMiou: null, valPixelAccuracy: null, valIou: [] };

/** The same data set, which reads nothing more once the signal is given: counting its classes takes long. */
export function abortable(dataset: Dataset, signal: AbortSignal | undefined): Dataset {
  return {
    name: dataset.name,
    split: dataset.split,
    classTable: dataset.classTable,
    length: dataset.length,
    defaultSize: dataset.defaultSize,
    nameOf: (index) => dataset.nameOf(index),
    read: async (index, size) => {
      if (signal?.aborted) throw new SegprobeError('CANCELLED', NOTHING_SAVED);
      return dataset.read(index, size);
    },
    close: () => dataset.close(),
  };
}
