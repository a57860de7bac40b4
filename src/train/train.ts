import { drawViews, isAugmented } from './augmentation.js';
import { type BatchLoader, loadBatches } from '../data/batches.js';
import type { Dataset } from '../data/dataset.js';
import { isSegprobeError, SegprobeError } from '../shared/errors.js';
import { createRandom, shuffledIndices } from '../shared/random.js';
import { recoverCheckpoint, type TrainState } from './checkpoint.js';
import { epochsOf } from './config.js';
import { evaluateVictim, type Evaluation } from './evaluate.js';
import { yieldToEvents } from './events.js';
import { lockRun } from './run-lock.js';
import { averageDecayAt, learningRateAt } from './schedule.js';
import type { EpochReport, TrainObserver } from './train-observer.js';
import { prepareTraining, saveTraining, type Training, type TrainingSource } from './training.js';

export interface TrainOptions extends TrainingSource {
  readonly observer: TrainObserver;
  /** When it aborts, the training saves where it is and throws `CANCELLED`. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Trains the victim: epochs of Adam steps in an order drawn from the seed, validation after each, a checkpoint after each.
 * A training that is stopped and resumed computes the same numbers as one that is not.
 *
 * @returns the state after the last epoch.
 * @throws SegprobeError `RUN_IN_PROGRESS`, `CHECKPOINT_EXISTS`, `CHECKPOINT_INVALID`, `TRAINING_DIVERGED`, `CANCELLED`, and what
 * data sets and files throw. Where steps were done that no checkpoint holds, one is written first, unless they diverged.
 */
export async function trainVictim(options: TrainOptions): Promise<TrainState> {
  const { folder, observer, config } = options;
  const lock = await lockRun(folder);
  try {
    await recoverCheckpoint(folder);
    const training = await prepareTraining({
      ...options,
      train: abortable(options.train, options.signal),
    });
    const save = (): Promise<void> => saveTraining(folder, training, lock);
    try {
      const { epoch, step, best } = training.state;
      const { stepsPerEpoch } = training;
      const bestMiou = best?.miou ?? null;
      const epochs = epochsOf(config);
      observer.onStart({ epochs, epoch, step, stepsPerEpoch, bestMiou, resumed: step > 0 });
      while (training.state.epoch < epochs) {
        const report = await runEpoch(options, training).catch((error: unknown) =>
          saveAndThrow(error, training, save),
        );
        await save();
        observer.onEpoch(report);
      }
      return training.state;
    } finally {
      training.victim.dispose();
    }
  } finally {
    await lock.release();
  }
}

/** Half an epoch is kept too when someone stops the training, or when a scene cannot be read. */
async function saveAndThrow(
  error: unknown,
  { state, savedStep }: Training,
  save: () => Promise<void>,
): Promise<never> {
  if (isSegprobeError(error, 'TRAINING_DIVERGED')) throw error;
  const isNew = state.step > savedStep;
  if (!isSegprobeError(error, 'CANCELLED')) {
    if (isNew) await save().catch(() => undefined);
    throw error;
  }
  if (isNew) await save();
  throw new SegprobeError(
    'CANCELLED',
    state.step === 0
      ? 'stopped before the first step; nothing is saved'
      : `stopped after step ${state.step}, which is saved; --resume goes on from there`,
    { cause: error },
  );
}

async function runEpoch(options: TrainOptions, training: Training): Promise<EpochReport> {
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
    const step = state.step + 1;
    const loss = victim.trainStep(batch, {
      step,
      learningRate,
      seed: config.seed,
      views: isAugmented(config) ? drawViews(config, step, batch.count) : undefined,
      averageDecay: config.emaDecay > 0 ? averageDecayAt(config.emaDecay, step) : undefined,
    });
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

/** Validates if it is time, moves the best weights along, and turns the page. */
async function finishEpoch(
  options: TrainOptions,
  training: Training,
  timing: { imagesPerSecond: number | null; waitSeconds: number; started: number },
): Promise<EpochReport> {
  const { config } = options;
  const { state, stepsPerEpoch } = training;
  const epoch = state.epoch + 1;
  const isTime = epoch % config.valEvery === 0 || epoch === epochsOf(config);
  const scores = isTime ? await validate(options, training, epoch) : undefined;
  const { best } = training.state;
  const report: EpochReport = {
    epoch,
    step: state.step,
    trainLoss: state.lossSum / state.batch,
    learningRate: learningRateAt(config, state.step - 1, stepsPerEpoch),
    valMiou: scores?.miou ?? null,
    valPixelAccuracy: scores?.pixelAccuracy ?? null,
    valIou: scores?.iou ?? [],
    bestMiou: best?.miou ?? null,
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

/** Scores the weights on val, and keeps them where they are the best so far. */
async function validate(
  { config, val, signal, observer }: TrainOptions,
  training: Training,
  epoch: number,
): Promise<Evaluation> {
  const { victim, state } = training;
  const { batchSize, height, width, limit } = config;
  const scores = await evaluateVictim(victim, val, {
    batchSize,
    size: { height, width },
    limit,
    signal,
    onProgress: (images, totalImages) => observer.onValidation({ epoch, images, totalImages }),
  });
  const { miou, pixelAccuracy, iou, images } = scores;
  if (state.best === null || (miou ?? 0) > (state.best.miou ?? 0)) {
    training.state = { ...state, best: { epoch, images, miou, pixelAccuracy, iou } };
    training.best = victim.readWeights();
  }
  return scores;
}

/** The same data set, which reads nothing more once the signal is given: counting its classes takes long. */
function abortable(dataset: Dataset, signal: AbortSignal | undefined): Dataset {
  return {
    name: dataset.name,
    split: dataset.split,
    classTable: dataset.classTable,
    length: dataset.length,
    defaultSize: dataset.defaultSize,
    nameOf: (index) => dataset.nameOf(index),
    read: async (index, size) => {
      if (signal?.aborted) {
        throw new SegprobeError('CANCELLED', 'stopped before the first step; nothing is saved');
      }
      return dataset.read(index, size);
    },
    close: () => dataset.close(),
  };
}
