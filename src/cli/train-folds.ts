import path from 'node:path';
import type { Dataset } from '../data/dataset.js';
import { packageVersion } from '../data/package-version.js';
import { pickScenes } from '../data/pick-scenes.js';
import { matchOutputs } from '../data/reorder-classes.js';
import { splitFolds } from '../data/split-folds.js';
import { readExportable } from '../export/export-model.js';
import { segprobeCacheDir } from '../graph/native/context.js';
import type { AuditFold } from '../inference/audit/audit-dataset.js';
import { openModel } from '../inference/open-model.js';
import { classNames } from '../shared/classes.js';
import { hasCheckpoint, readCheckpoint } from '../train/checkpoint.js';
import { parseTrainConfig, type TrainConfig } from '../train/config.js';
import { useDevice } from '../train/device.js';
import { trainInParts } from '../train/encoder-first.js';
import { assertSameOptions } from '../train/training-checks.js';
import { printMessage } from './output.js';
import { createTrainObserver } from './train-observer.js';
import { checkpointFolder, openSplit } from './training-flags.js';

/** What victims for cross-validation are trained on, and where to. */
export interface FoldTraining {
  /** How many folds. */
  readonly folds: number;
  /** The checkpoint whose training options are taken, and the folder of the checkpoints. */
  readonly recipe: string;
  readonly saveDir: string;
  /** In place of the recipe's. */
  readonly epochs?: number | undefined;
  /** The split that is divided. The caller closes it. */
  readonly train: Dataset;
  /** Takes only the first so many scenes. */
  readonly limit?: number | undefined;
  /** Where the data set is. */
  readonly dataset: { readonly name: string; readonly dir?: string | undefined };
  /** Gets a checkpoint and a model for each fold. */
  readonly outDir: string;
  readonly signal: AbortSignal;
}

/**
 * Trains a victim on all scenes of a split but one fold, for each fold, and exports it. What is trained already is kept; what was begun goes on.
 *
 * @throws SegprobeError as `readCheckpoint`, `splitFolds`, `trainInParts` and the exporter.
 */
export async function trainFolds(options: FoldTraining): Promise<AuditFold[]> {
  const { outDir, signal } = options;
  const recipe = await readCheckpoint(checkpointFolder({ ...options, name: options.recipe }));
  const train = matchOutputs(options.train, classNames(recipe.state));
  const config = toFoldConfig(recipe.state.config, options);
  const count = Math.min(options.limit ?? Infinity, train.length);
  const names = Array.from({ length: count }, (_, i) => train.nameOf(i));
  const folds = splitFolds(names, options.folds);
  const { description } = await useDevice('auto', printMessage);
  const val = await openSplit(config, 'val', recipe.state);
  try {
    const trained: AuditFold[] = [];
    for (const [i, order] of folds.entries()) {
      const name = `fold-${i + 1}-of-${folds.length}`;
      const folder = path.join(outDir, name);
      const held = new Set(order);
      const others = names.flatMap((_, index) => (held.has(index) ? [] : [index]));
      printMessage(
        `${name}: training on ${others.length} scenes, without ${names[order[0]!]} to ${names[order.at(-1)!]}; ${description}; checkpoint ${folder}`,
      );
      const observer = createTrainObserver({ printStep: false });
      try {
        await trainInParts({
          config,
          folder,
          train: pickScenes(train, others),
          val,
          existing: (await isBegun(folder, config)) ? 'resume' : 'refuse',
          cacheDir: segprobeCacheDir(),
          reloadClassWeights: false,
          onClassPixels: observer.onClassPixels,
          observer,
          signal,
        });
      } finally {
        observer.stop();
      }
      const checkpoint = await readExportable(folder);
      const { file } = await checkpoint.export({
        ...{ name, outDir },
        ...{ segprobeVersion: packageVersion(), isOptimized: true },
      });
      trained.push({ victim: await openModel(file), order });
    }
    return trained;
  } finally {
    await val.close();
  }
}

/** @throws SegprobeError `USAGE` where what was begun there has other options. */
async function isBegun(folder: string, config: TrainConfig): Promise<boolean> {
  if (!hasCheckpoint(folder)) return false;
  assertSameOptions((await readCheckpoint(folder)).state.config, config);
  return true;
}

/** The recipe's options, from new weights on these scenes and without attackers. */
function toFoldConfig(
  recipe: TrainConfig,
  { epochs, dataset }: Pick<FoldTraining, 'epochs' | 'dataset'>,
): TrainConfig {
  const given = epochs === undefined ? {} : { epochs };
  const left = { limit: undefined, pretrained: undefined };
  const hardening = { attackers: undefined, attackedShare: undefined };
  return parseTrainConfig({
    ...{ ...recipe, ...left, ...hardening, ...given },
    ...{ dataset: dataset.name, datasetDir: dataset.dir },
  });
}
