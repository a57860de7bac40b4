import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { readCheckpoint } from '../../src/train/checkpoint.js';
import { parseTrainConfig } from '../../src/train/config.js';
import type {
  EpochReport,
  StepReport,
  TrainObserver,
  ValidationReport,
} from '../../src/train/train-observer.js';
import { trainVictim, type TrainOptions } from '../../src/train/train.js';
import type { TrainState } from '../../src/train/train-state.js';
import { createDrawnDataset } from './datasets.js';

/** Five drawn scenes in batches of two, 32×32, for two epochs: three steps each, the last of one scene; one scene to validate. */
export const TINY = {
  dataset: 'drawn',
  batchSize: 2,
  epochs: 2,
  height: 32,
  width: 32,
  weighing: 'none',
} as const;

/** What a training told its observer. */
export interface Told {
  readonly steps: StepReport[];
  readonly validations: ValidationReport[];
  readonly epochs: EpochReport[];
}

/** Notes what a training tells; `own` is called as well, after. */
export function createNotes(own: Partial<TrainObserver> = {}): TrainObserver & Told {
  const told: Told = { steps: [], validations: [], epochs: [] };
  return {
    ...told,
    onStart: (start) => own.onStart?.(start),
    onStep: (step) => {
      told.steps.push(step);
      own.onStep?.(step);
    },
    onValidation: (validation) => {
      told.validations.push(validation);
      own.onValidation?.(validation);
    },
    onEpoch: (epoch) => {
      told.epochs.push(epoch);
      own.onEpoch?.(epoch);
    },
  };
}

/** Trains a tiny victim on drawn scenes. */
export function trainTiny(
  folder: string,
  own: Partial<Omit<TrainOptions, 'config'>> & {
    readonly config?: Readonly<Record<string, unknown>>;
  } = {},
): Promise<TrainState> {
  return trainVictim({
    folder,
    train: createDrawnDataset(5),
    val: createDrawnDataset(1, { split: 'val' }),
    existing: 'refuse',
    cacheDir: path.join(folder, '..', 'cache'),
    observer: createNotes(),
    ...own,
    config: parseTrainConfig({ ...TINY, ...own.config }),
  });
}

/** An observer that interrupts at a step (counted over the training), or in the validation of an epoch. */
export function interruptAt(place: { readonly step: number } | { readonly validation: number }): {
  readonly observer: TrainObserver & Told;
  readonly signal: AbortSignal;
} {
  const controller = new AbortController();
  let step = 0;
  const observer = createNotes({
    onStart: (start) => (step = start.step),
    onStep: () => {
      if ('step' in place && ++step === place.step) controller.abort();
    },
    onValidation: ({ epoch }) => {
      if ('validation' in place && epoch === place.validation) controller.abort();
    },
  });
  return { observer, signal: controller.signal };
}

/** All that a checkpoint holds but how long things took. */
export async function contentsOf(folder: string): Promise<object> {
  const bytes = (name: string): Promise<string> =>
    readFile(path.join(folder, name)).then((contents) => contents.toString('base64'));
  const { state } = await readCheckpoint(folder);
  const times = { seconds: 0, waitSeconds: 0, imagesPerSecond: 0 };
  const metrics = state.metrics.map((line) => ({ ...line, ...times }));
  return {
    weights: await bytes('weights.safetensors'),
    optimizer: await bytes('optimizer.safetensors'),
    state: { ...state, seconds: 0, metrics },
    lines: (await readFile(path.join(folder, 'metrics.jsonl'), 'utf8')).split('\n').length,
    hasSummary: existsSync(path.join(folder, 'summary.txt')),
  };
}
