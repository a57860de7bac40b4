import { isDeepStrictEqual } from 'node:util';
import { isAugmented, drawViews } from './augmentation.js';
import { loadClassWeights } from '../data/class-weights.js';
import type { Dataset } from '../data/dataset.js';
import { SegprobeError } from '../shared/errors.js';
import {
  type Checkpoint,
  optimizerFileOf,
  readCheckpoint,
  type TrainState,
  writeCheckpoint,
} from './checkpoint.js';
import { type TrainConfig, trainSizeOf } from './config.js';
import { batchSizesOf, type Evaluation, evaluateVictim } from './evaluate.js';
import { createModel } from './models/index.js';
import { initialWeights, type NamedTensors, unpackWeights } from './packing.js';
import { createHardening, type FrozenAttacker, type Hardening } from './hardening.js';
import type { RunLock } from './run-lock.js';
import { averageDecayAt } from './schedule.js';
import type { Training, ValidationScores } from './train-loop.js';
import type { TrainObserver } from './train-observer.js';
import {
  assertFree,
  assertFiniteState,
  assertResumable,
  assertSameData,
  assertSameOptions,
  countScenes,
} from './training-checks.js';
import { createVictim, type Victim, type VictimOptions } from './victim.js';

export interface VictimTrainingSource {
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
  /** Hardening: the attackers that `config.attackers` names, all of one network; they take turns. */
  readonly attackers?: readonly FrozenAttacker[] | undefined;
  /** Folder of the cached class weights. */
  readonly cacheDir: string;
  readonly reloadClassWeights?: boolean;
  /** Is told how validation goes. */
  readonly observer?: Pick<TrainObserver, 'onValidation' | 'onPredictions'>;
  /** Batches read ahead; 0: each when it is needed. @defaultValue 2 */
  readonly workers?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told after each label that is counted for the class weights. */
  readonly onClassPixels?: (done: number, total: number) => void;
}

/** Makes a training ready: from the checkpoint that it resumes, or from the start. The caller disposes it. */
export async function prepareVictimTraining(
  source: VictimTrainingSource,
  lock: RunLock,
): Promise<Training<TrainState>> {
  const { config, train, val, folder, attackers = [] } = source;
  const checkpoint = await readExisting(source);
  const scenes = countScenes(config.limit, train);
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
  const hardening = attackers.length === 0 ? undefined : createHardening(config, attackers);
  const victim = createVictim({
    ...size,
    model: config.model,
    classCount: classTable.classes.length,
    seed: config.seed,
    ...firstWeights(source),
    predictBatchSizes: batchSizesOf(countScenes(config.limit, val), config.batchSize),
    training: {
      batchSizes: batchSizesOf(scenes, config.batchSize),
      classWeights,
      hardBelow: config.hardBelow,
      iouLoss: config.iouLoss,
      weightDecay: config.weightDecay,
      views: isAugmented(config)
        ? { ...trainSizeOf(config), ignoreIndex: classTable.ignoreIndex }
        : undefined,
      averaging: config.emaDecay > 0,
      attack: hardening?.attack,
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
    return createTraining(source, lock, {
      victim,
      hardening,
      scenes,
      stepsPerEpoch,
      state: {
        ...state,
        // Scores under other attackers are of no use for comparison.
        best: isDeepStrictEqual(state.config.attackers, config.attackers) ? state.best : null,
        classWeights: [...classWeights],
        scenes,
        config, // What may differ on resumption: where the data lies, and how long to train.
      },
      best: checkpoint?.weights ?? (await victim.readWeights()),
    });
  } catch (error) {
    victim.dispose();
    throw error;
  }
}

interface Prepared extends Pick<Training<TrainState>, 'scenes' | 'stepsPerEpoch' | 'state'> {
  readonly victim: Victim;
  readonly hardening: Hardening | undefined;
  /** The weights of the epoch with the best mIoU; of no meaning before there is one. */
  readonly best: NamedTensors;
}

function createTraining(
  { config, folder, val, observer, workers, signal }: VictimTrainingSource,
  lock: RunLock,
  { victim, hardening, best: bestBefore, ...prepared }: Prepared,
): Training<TrainState> {
  let best = bestBefore;
  const attackers = hardening?.attackers ?? [];
  let faced = 0;
  const faceAttacker = (turn: number): void => {
    if (attackers.length < 2 || turn === faced) return;
    victim.writeAttacker(attackers[turn]!);
    faced = turn;
  };
  const evaluate = (epoch: number, predictor: Pick<Victim, 'predict'>): Promise<Evaluation> => {
    const { batchSize, height, width, limit } = config;
    return evaluateVictim(predictor, val, {
      batchSize,
      size: { height, width },
      limit,
      signal,
      workers,
      onPredictions: (predictions) => observer?.onPredictions?.({ epoch, ...predictions }),
      onProgress: (done, totalImages) =>
        observer?.onValidation({ epoch, images: done, totalImages }),
    });
  };
  const training: Training<TrainState> = {
    ...prepared,
    savedStep: prepared.state.step,
    trainStep: (batch, { step, learningRate }) => {
      faceAttacker((step - 1) % attackers.length);
      return victim.trainStep(batch, {
        step,
        learningRate,
        seed: config.seed,
        views: isAugmented(config) ? drawViews(config, step, batch.count) : undefined,
        averageDecay: config.emaDecay > 0 ? averageDecayAt(config.emaDecay, step) : undefined,
      });
    },
    validate: async (epoch): Promise<ValidationScores> => {
      const { miou, pixelAccuracy, iou, images } = await evaluate(epoch, victim);
      const scores = { epoch, images, miou, pixelAccuracy, iou };
      faceAttacker(attackers.length - 1);
      const underAttack: Pick<Victim, 'predict'> = {
        predict: (pictures, count) => victim.predictAttacked(pictures, count),
      };
      const attacked =
        hardening === undefined ? {} : { miouAttacked: (await evaluate(epoch, underAttack)).miou };
      const { state } = training;
      if (state.best === null || worth({ ...scores, ...attacked }) > worth(state.best)) {
        training.state = { ...state, best: { ...scores, ...attacked } };
        best = await victim.readWeights();
      }
      return { valMiou: miou, valPixelAccuracy: pixelAccuracy, valIou: iou, ...attacked };
    },
    bestMiou: () => training.state.best?.miou ?? null,
    save: async () => {
      const { state } = training;
      const optimizer = await victim.readOptimizer();
      assertFiniteState(optimizer, state.step);
      await lock.assertHeld();
      const weights = state.best === null ? await victim.readWeights() : best;
      await writeCheckpoint(folder, { state, weights, optimizer });
      training.savedStep = state.step;
    },
    dispose: () => victim.dispose(),
  };
  return training;
}

/** What epochs are compared by: the mIoU; of a hardening, the mean of it and of that under attack. */
function worth({
  miou,
  miouAttacked,
}: Pick<NonNullable<TrainState['best']>, 'miou' | 'miouAttacked'>): number {
  return ((miou ?? 0) + (miouAttacked ?? miou ?? 0)) / 2;
}

/** What a training begins with, where that is not drawn. */
function firstWeights({
  config,
  train,
  pretrained,
  encoder,
}: VictimTrainingSource): Pick<VictimOptions, 'weights' | 'weightsFile'> {
  const given = encoder ?? pretrained;
  if (given === undefined || encoder === undefined) {
    return { weights: given?.weights, weightsFile: given?.file };
  }
  const { spec } = createModel(config.model, { classCount: train.classTable.classes.length });
  const drawn = unpackWeights(spec, initialWeights(spec, config.seed));
  const trained = [...encoder.weights].filter(([name]) => drawn.has(name));
  return { weights: new Map([...drawn, ...trained]), weightsFile: encoder.file };
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

async function readExisting(source: VictimTrainingSource): Promise<Checkpoint | undefined> {
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
