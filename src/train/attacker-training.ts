import { loadClassWeights } from '../data/class-weights.js';
import type { Dataset } from '../data/dataset.js';
import {
  type AttackerCheckpoint,
  type AttackerState,
  readAttackerCheckpoint,
  writeAttackerCheckpoint,
} from './attacker-checkpoint.js';
import type { AttackerTrainConfig } from './attacker-config.js';
import { type Attacker, createTrainableAttacker } from './attacker.js';
import { type AttackerGoal, goalScore, parseGoal } from './attackers/goal.js';
import { attackerLoss } from './attackers/losses.js';
import { drawViews, isAugmented } from './augmentation.js';
import { type Checkpoint, optimizerFileOf } from './checkpoint.js';
import { trainSizeOf } from './config.js';
import { batchSizesOf } from './evaluate.js';
import { evaluateAttacker } from './evaluate-attacker.js';
import { createModel } from './models/index.js';
import { type NamedTensors, packWeights } from './packing.js';
import type { RunLock } from './run-lock.js';
import type { Training } from './train-loop.js';
import type { TrainObserver } from './train-observer.js';
import {
  assertFiniteState,
  assertFree,
  assertResumable,
  assertSameClasses,
  assertSameData,
  assertSameOptions,
  assertSameVictim,
  countScenes,
} from './training-checks.js';

/** A victim's checkpoint, frozen. */
export interface FrozenCheckpoint {
  readonly name: string;
  readonly checkpoint: Checkpoint;
  /** The file that its weights come from, and the hash of its bytes. */
  readonly weightsFile: string;
  readonly weightsSha256: string;
}

export interface AttackerTrainingSource {
  readonly config: AttackerTrainConfig;
  /** The checkpoint's folder, `save/NAME`. */
  readonly folder: string;
  readonly train: Dataset;
  readonly val: Dataset;
  readonly victim: FrozenCheckpoint;
  /** What to do where the folder holds a checkpoint already. */
  readonly existing: 'refuse' | 'resume' | 'overwrite';
  /** A checkpoint's weights to begin with instead of random ones, and the file that they come from. */
  readonly pretrained?: { readonly weights: NamedTensors; readonly file: string } | undefined;
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

/** Makes an attacker's training ready: from the checkpoint that it resumes, or from the start. The caller disposes it. */
export async function prepareAttackerTraining(
  source: AttackerTrainingSource,
  lock: RunLock,
): Promise<Training<AttackerState>> {
  const { config, train, val, folder, victim, pretrained } = source;
  const before = await readExisting(source);
  assertSameClasses(victim.checkpoint.state, train);
  const scenes = countScenes(config.limit, train);
  const stepsPerEpoch = Math.ceil(scenes / config.batchSize);
  if (before !== undefined) assertSameData(before.state, train, scenes);
  const classWeights = before?.state.classWeights ?? (await countClassWeights(source));
  const { classTable } = train;
  const goal = parseGoal(config.goal, classTable);
  const classCount = classTable.classes.length;
  const model = createModel(victim.checkpoint.state.config.model, { classCount });
  const attacker = createTrainableAttacker({
    shape: config,
    seed: config.seed,
    weights: pretrained?.weights,
    weightsFile: pretrained?.file,
    victim: {
      model,
      weights: packWeights(model.spec, victim.checkpoint.weights, victim.weightsFile),
    },
    scoreBatchSizes: batchSizesOf(countScenes(config.limit, val), config.batchSize),
    training: {
      batchSizes: batchSizesOf(scenes, config.batchSize),
      classWeights,
      loss: attackerLoss(config.loss, goal),
      weightDecay: config.weightDecay,
      views: isAugmented(config)
        ? { ...trainSizeOf(config), ignoreIndex: classTable.ignoreIndex }
        : undefined,
    },
  });
  const state: AttackerState = before?.state ?? {
    version: 1,
    kind: 'attacker',
    epoch: 0,
    batch: 0,
    step: 0,
    lossSum: 0,
    seconds: 0,
    best: null,
    metrics: [],
    classes: classTable.classes.map(({ name, color }) => ({ name, color: [...color] })),
    ignoreIndex: classTable.ignoreIndex,
    victim: { name: victim.name, sha256: victim.weightsSha256 },
    config,
  };
  try {
    if (before !== undefined) attacker.writeOptimizer(before.optimizer!, optimizerFileOf(folder));
    return createTraining(source, lock, {
      attacker,
      goal,
      scenes,
      stepsPerEpoch,
      state: { ...state, classWeights: [...classWeights], scenes, config },
      best: before?.weights ?? (await attacker.readWeights()),
    });
  } catch (error) {
    attacker.dispose();
    throw error;
  }
}

interface Prepared extends Pick<Training<AttackerState>, 'scenes' | 'stepsPerEpoch' | 'state'> {
  readonly attacker: Attacker;
  readonly goal: AttackerGoal;
  /** The weights of the epoch whose attack was the best; of no meaning before there is one. */
  readonly best: NamedTensors;
}

function createTraining(
  { config, folder, val, observer, workers, signal }: AttackerTrainingSource,
  lock: RunLock,
  { attacker, goal, best: bestBefore, ...prepared }: Prepared,
): Training<AttackerState> {
  let best = bestBefore;
  const { batchSize, height, width, limit } = config;
  const training: Training<AttackerState> = {
    ...prepared,
    savedStep: prepared.state.step,
    trainStep: (batch, { step, learningRate }) =>
      attacker.trainStep(batch, {
        step,
        learningRate,
        seed: config.seed,
        views: isAugmented(config) ? drawViews(config, step, batch.count) : undefined,
      }),
    validate: async (epoch) => {
      const { images, psnrDb, linf, ...scores } = await evaluateAttacker(attacker, val, {
        batchSize,
        size: { height, width },
        limit,
        signal,
        workers,
        maxLinf: config.norm === 'linf' ? config.epsilon : undefined,
        onPredictions: (predictions) => observer?.onPredictions?.({ epoch, ...predictions }),
        onProgress: (done, totalImages) =>
          observer?.onValidation({ epoch, images: done, totalImages }),
      });
      const { miou, pixelAccuracy, iou } = scores;
      const { state } = training;
      const left = goalScore(goal, scores);
      if (state.best === null || left < (state.best.goalScore ?? state.best.miouAttacked ?? 1)) {
        const measured = {
          ...{ epoch, images, goalScore: left, psnrDb, linf },
          ...{ miouAttacked: miou, pixelAccuracyAttacked: pixelAccuracy, iouAttacked: [...iou] },
        };
        training.state = { ...state, best: measured };
        best = await attacker.readWeights();
      }
      return { valMiou: miou, valPixelAccuracy: pixelAccuracy, valIou: iou, psnrDb, linf };
    },
    bestMiou: () => training.state.best?.miouAttacked ?? null,
    save: async () => {
      const { state } = training;
      const optimizer = await attacker.readOptimizer();
      assertFiniteState(optimizer, state.step);
      await lock.assertHeld();
      const weights = state.best === null ? await attacker.readWeights() : best;
      await writeAttackerCheckpoint(folder, { state, weights, optimizer });
      training.savedStep = state.step;
    },
    dispose: () => attacker.dispose(),
  };
  return training;
}

function countClassWeights(source: AttackerTrainingSource): Promise<readonly number[]> {
  const { config, train, cacheDir } = source;
  return loadClassWeights({
    dataset: train,
    datasetDir: config.datasetDir,
    size: { height: config.height, width: config.width },
    scheme: config.weighing,
    withUnlabeled: config.withUnlabeled,
    cacheDir,
    reload: source.reloadClassWeights,
    onProgress: source.onClassPixels,
  });
}

async function readExisting(
  source: AttackerTrainingSource,
): Promise<AttackerCheckpoint | undefined> {
  const { folder, existing, config, victim } = source;
  if (existing !== 'resume') {
    if (existing === 'refuse') assertFree(folder);
    return undefined; // The first checkpoint takes the place of one that is overwritten.
  }
  const checkpoint = await readAttackerCheckpoint(folder);
  assertResumable(checkpoint, folder);
  assertSameOptions<object>(checkpoint.state.config, config);
  assertSameVictim(checkpoint.state.victim, victim);
  return checkpoint;
}
