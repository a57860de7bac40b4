import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Dataset, Scene } from '../src/data/dataset.js';
import { openDataset } from '../src/data/open-dataset.js';
import { segprobeCacheDir } from '../src/graph/native/context.js';
import { hasCheckpoint } from '../src/train/checkpoint.js';
import { parseTrainConfig, type TrainConfig } from '../src/train/config.js';
import { useDevice } from '../src/train/device.js';
import { trainInParts } from '../src/train/encoder-first.js';
import type { TrainObserver } from '../src/train/train-observer.js';
import { type BenchmarkResult, median, peakRssBytes } from './benchmark.js';
import { camvidFolder } from './camvid-folder.js';

/** The recipe that each variant takes something from, or adds something to, on pictures of a third of the size. */
const RECIPE = {
  dataset: 'camvid',
  height: 120,
  width: 160,
  cropHeight: 88,
  cropWidth: 120,
  batchSize: 8,
  epochs: 20,
  learningRate: 1e-3,
  weightDecay: 1e-4,
  schedule: 'poly',
  warmupEpochs: 1,
  augment: ['flip', 'scale', 'color'],
  minScale: 0.75,
  maxScale: 1.5,
  emaDecay: 0.98,
} as const satisfies Partial<TrainConfig>;

/** What is different from the recipe. To add one: a row. */
const VARIANTS: Readonly<Record<string, Partial<TrainConfig>>> = {
  recipe: {},
  'no augmentation': { augment: [], cropHeight: undefined, cropWidth: undefined },
  'no flip': { augment: ['scale', 'color'] },
  'no scale': { augment: ['flip', 'color'] },
  'no color': { augment: ['flip', 'scale'] },
  'whole scenes': { cropHeight: undefined, cropWidth: undefined },
  'no moving average': { emaDecay: 0 },
  'no warm-up': { warmupEpochs: 0 },
  cosine: { schedule: 'cosine' },
  'step at 5e-4': { schedule: 'step', learningRate: 5e-4, lrDecayEpochs: 7 },
  'hard pixels below 0.7': { hardBelow: 0.7 },
  'encoder first': { encoderFirst: true, encoderEpochs: 8, epochs: 12 },
  'weighing none': { weighing: 'none' },
  'weighing mfb': { weighing: 'mfb' },
  'soft IoU': { iouLoss: 1 },
  'soft IoU and weighing none': { iouLoss: 1, weighing: 'none' },
};

const SILENT: TrainObserver = {
  onStart: () => undefined,
  onStep: () => undefined,
  onValidation: () => undefined,
  onEpoch: () => undefined,
};

/**
 * Short trainings of the recipe without, or with, one thing each, on CamVid; val mIoU at the end, by variant and seed, and how
 * far from the recipe's. Trainings that are done are taken from the folder, one that was interrupted is resumed.
 *
 * Flags: `--seeds 1,2`, `--variants "recipe,no flip"`, `--epochs 20`, `--folder save/ablation`.
 */
export async function run(): Promise<BenchmarkResult> {
  const { values } = parseArgs({
    allowPositionals: true,
    strict: false,
    options: {
      seeds: { type: 'string', default: '1' },
      variants: { type: 'string', default: Object.keys(VARIANTS).join(',') },
      epochs: { type: 'string', default: String(RECIPE.epochs) },
      folder: { type: 'string', default: path.join(segprobeCacheDir(), 'ablation') },
    },
  }) as { values: Record<'seeds' | 'variants' | 'epochs' | 'folder', string> };
  await useDevice('auto', console.error);
  const scores: Record<string, number[]> = {};
  const seconds: number[] = [];
  for (const name of values.variants.split(',')) {
    for (const seed of values.seeds.split(',').map(Number)) {
      const share = Number(values.epochs) / RECIPE.epochs;
      const config = configOf(name, seed, share);
      const started = performance.now();
      const miou = await train(config, path.join(values.folder, folderName(name, seed, share)));
      seconds.push((performance.now() - started) / 1000);
      (scores[name] ??= []).push(miou);
      console.error(`${name}, seed ${seed}: val mIoU ${(100 * miou).toFixed(2)} %`);
    }
  }
  const base = mean(scores['recipe'] ?? []);
  const rows = Object.entries(scores).map(([name, miou]): [string, object] => [
    name,
    {
      miou: mean(miou),
      deviation: deviation(miou),
      difference: mean(miou) - base,
      seeds: miou.length,
    },
  ]);
  const table: Record<string, string> = Object.fromEntries(
    rows.map(([name, row]) => [name, JSON.stringify(row)]),
  );
  return {
    name: 'ablation',
    medianSeconds: median(seconds),
    peakRssBytes: peakRssBytes(),
    epochs: values.epochs,
    ...table,
  };
}

function configOf(name: string, seed: number, share: number): TrainConfig {
  const variant = VARIANTS[name];
  if (variant === undefined) {
    throw new Error(`expected a variant of ${Object.keys(VARIANTS).join(', ')}, got ${name}`);
  }
  const config = parseTrainConfig({ ...RECIPE, ...variant, seed });
  const epochs = (count: number): number => Math.max(1, Math.round(count * share));
  return {
    ...config,
    epochs: epochs(config.epochs),
    encoderEpochs: config.encoderEpochs === undefined ? undefined : epochs(config.encoderEpochs),
    valEvery: 1000, // At the end alone.
  };
}

async function train(config: TrainConfig, folder: string): Promise<number> {
  const dir = camvidFolder();
  const split = async (name: 'train' | 'val') =>
    keptInMemory(await openDataset({ name: 'camvid', dir, split: name }));
  const [trainSplit, val] = await Promise.all([split('train'), split('val')]);
  try {
    const isBegun = hasCheckpoint(folder) || hasCheckpoint(`${folder}-encoder`);
    const state = await trainInParts({
      config: { ...config, datasetDir: dir },
      folder,
      train: trainSplit,
      val,
      existing: isBegun ? 'resume' : 'refuse',
      cacheDir: segprobeCacheDir(),
      observer: SILENT,
    });
    return state.best!.miou!;
  } finally {
    await Promise.all([trainSplit.close(), val.close()]);
  }
}

/** Reads each scene of a data set once: at this size, decoding would take half of a training's time. */
function keptInMemory(dataset: Dataset): Dataset {
  const scenes = new Map<number, Promise<Scene>>();
  return {
    ...dataset,
    nameOf: (index) => dataset.nameOf(index),
    close: () => dataset.close(),
    read(index, size) {
      const scene = scenes.get(index) ?? dataset.read(index, size);
      scenes.set(index, scene);
      return scene;
    },
  };
}

function folderName(name: string, seed: number, share: number): string {
  return `${name.replace(/\W+/g, '-')}-${seed}-${share.toFixed(3)}`;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The standard deviation between seeds; null of one. */
function deviation(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const squares = values.map((value) => (value - mean(values)) ** 2);
  return Math.sqrt(squares.reduce((sum, value) => sum + value, 0) / (values.length - 1));
}
