import path from 'node:path';
import { type Command, Option } from 'commander';
import { DATASET_NAMES, openDataset } from '../data/open-dataset.js';
import type { Dataset, Size, Split } from '../data/dataset.js';
import { matchOutputs } from '../data/reorder-classes.js';
import { classNames } from '../shared/classes.js';
import { SegprobeError } from '../shared/errors.js';
import { DEVICES } from '../train/device.js';
import {
  AUGMENTATIONS,
  parseTrainConfig,
  SCHEDULES,
  type TrainConfig,
  WEIGHINGS,
} from '../train/config.js';
import { MODEL_NAMES } from '../train/models/index.js';
import type { TrainState } from '../train/train-state.js';
import { addLogFlags } from './log-flags.js';
import { integer, number, positiveInteger } from './numbers.js';

/** The options of train, test and full as commander parses them; names are the ancestors' where they had one. */
export interface TrainingFlags {
  readonly dataset?: string;
  readonly datasetDir?: string;
  readonly limit?: number;
  readonly name: string;
  readonly saveDir: string;
  readonly device: (typeof DEVICES)[number];
  readonly workers?: number;
  readonly [key: string]: unknown;
}

/**
 * Which data, which checkpoint, which device: the flags of every command that works with a checkpoint.
 * @param ofDataset - what the data set is by default.
 */
export function addCheckpointFlags(command: Command, ofDataset = 'camvid'): Command {
  return command
    .addOption(
      new Option('--dataset <name>', `kind of data set (default: ${ofDataset})`).choices(
        DATASET_NAMES,
      ),
    )
    .option(
      '--dataset-dir <dir>',
      'folder of the data set (segprobe data check --help: how it lies)',
    )
    .option('--limit <n>', 'take only the first n scenes of a split', positiveInteger)
    .option('--name <name>', 'name of the checkpoint', 'ENet')
    .option('--save-dir <dir>', 'folder of the checkpoints', 'save')
    .addOption(
      new Option('--device <device>', 'where to compute').choices(DEVICES).default('auto'),
    );
}

export function addBatchSizeFlag(command: Command, byDefault = '10'): Command {
  return command.option(
    '-b, --batch-size <n>',
    `scenes at a time (default: ${byDefault})`,
    positiveInteger,
  );
}

/** The size that pictures and labels are scaled to. */
export function addSizeFlags(command: Command, byDefault = "the data set's"): Command {
  const text = (side: string): string =>
    `${side} that scenes are scaled to, a multiple of 8 (default: ${byDefault})`;
  return command
    .option('--height <pixels>', text('height'), positiveInteger)
    .option('--width <pixels>', text('width'), positiveInteger);
}

/** How to train; no defaults here, they are the schema's. */
export function addTrainingFlags(command: Command): Command {
  addSizeFlags(addBatchSizeFlag(addCheckpointFlags(command)))
    .option('--epochs <n>', 'passes over the data set (default: 300)', positiveInteger)
    .option('--lr, --learning-rate <rate>', "Adam's learning rate (default: 5e-4)", number)
    .addOption(
      new Option('--schedule <kind>', 'how the learning rate falls (default: step)').choices(
        SCHEDULES,
      ),
    )
    .option('--lr-decay <factor>', 'schedule step multiplies by this (default: 0.1)', number)
    .option('--lr-decay-epochs <n>', 'every so many epochs (default: 100)', positiveInteger)
    .option('--weight-decay <factor>', 'L2 regularisation (default: 2e-4)', number)
    .option(
      '--warmup-epochs <n>',
      'let the rate rise from 0 over so many epochs (default: 0)',
      integer,
    )
    .option(
      '--augment [kinds]',
      `draw each scene anew each time: ${AUGMENTATIONS.join(', ')}, or some of them with commas between`,
      augmentations,
    )
    .option('--min-scale <factor>', 'augmentation scale: from this factor (default: 0.5)', number)
    .option('--max-scale <factor>', 'augmentation scale: up to this factor (default: 2)', number)
    .option(
      '--crop-height <pixels>',
      'height of the window that a step sees (default: all)',
      positiveInteger,
    )
    .option(
      '--crop-width <pixels>',
      'width of the window that a step sees (default: all)',
      positiveInteger,
    )
    .option(
      '--hard-below <probability>',
      'only pixels count whose right class has a probability below this, e.g. 0.7 (default: all count)',
      number,
    )
    .option(
      '--iou-loss <weight>',
      'add this times 1 − the mean soft IoU of the classes to the loss, e.g. 2 (default: cross entropy alone)',
      number,
    )
    .option(
      '--ema-decay <share>',
      'validate and keep the moving average of the weights, with this decay (default: 0, none)',
      number,
    )
    .addOption(
      new Option(
        '--encoder-first',
        'train the encoder alone first, as a checkpoint NAME-encoder',
      ).conflicts('pretrained'),
    )
    .option('--encoder-epochs <n>', 'for so many epochs (default: --epochs)', positiveInteger)
    .option('--val-every <n>', 'validate after every so many epochs (default: 1)', positiveInteger)
    .addOption(new Option('--model <name>', 'the network (default: enet)').choices(MODEL_NAMES))
    .addOption(
      new Option('--weighing <scheme>', 'weights of classes in the loss (default: enet)').choices(
        WEIGHINGS,
      ),
    )
    .option('--reload-class-weights', 'count the classes anew instead of reading cached weights')
    .option('--with-unlabeled', 'let unlabelled pixels count in the loss')
    .option('--seed <n>', 'decides first weights, order and dropout (default: 1)', integer);
  return addLogFlags(command)
    .addOption(
      new Option(
        '--pretrained <name>',
        'begin with the weights of another checkpoint of --save-dir',
      ).conflicts('resume'),
    )
    .addOption(
      new Option(
        '--resume',
        'go on with the checkpoint of this name; its options hold, --epochs may be raised',
      ).conflicts('overwrite'),
    )
    .option('--overwrite', 'begin anew where a checkpoint of this name exists')
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', examplesOf(command.name()));
}

/** `--augment`, `--augment flip,color`: the schema says which there are. */
export function augmentations(text: string): string[] {
  return text.split(',').map((kind) => kind.trim());
}

const examplesOf = (name: string): string => `
Examples:
  segprobe ${name} --dataset sample --height 96 --width 128 --limit 40 --epochs 5 --name first
  segprobe ${name} --dataset camvid --dataset-dir ~/CamVid --epochs 100 --schedule poly --name camvid
  segprobe ${name} --name camvid --resume

The checkpoint of the best mIoU on val lies in save/NAME: weights.safetensors, summary.txt, metrics.jsonl and
what --resume needs. Ctrl-C saves where the training is.`;

/** Keys of the flags that make up the configuration. */
const CONFIG_KEYS = [
  'model',
  'dataset',
  'datasetDir',
  'limit',
  'batchSize',
  'epochs',
  'learningRate',
  'lrDecay',
  'lrDecayEpochs',
  'schedule',
  'weightDecay',
  'height',
  'width',
  'weighing',
  'withUnlabeled',
  'seed',
  'warmupEpochs',
  'augment',
  'minScale',
  'maxScale',
  'cropHeight',
  'cropWidth',
  'hardBelow',
  'iouLoss',
  'emaDecay',
  'encoderFirst',
  'encoderEpochs',
  'valEvery',
  'pretrained',
  'attackedShare',
] as const satisfies readonly (keyof TrainConfig)[];

/**
 * Reads the configuration from the flags.
 * @param before - the configuration of the training that is resumed, which flags not given are taken from.
 */
export function toTrainConfig(
  flags: TrainingFlags,
  before: Partial<TrainConfig> = {},
): TrainConfig {
  // `--augment` alone is commander's true.
  const valueOf = (key: string): unknown =>
    key === 'augment' && flags[key] === true ? AUGMENTATIONS : flags[key];
  const given = CONFIG_KEYS.filter((key) => flags[key] !== undefined).map((key) => [
    key,
    valueOf(key),
  ]);
  return parseTrainConfig({ ...before, ...Object.fromEntries(given) });
}

/** The size that the data set of the flags is used at unless they say another. */
export async function defaultSizeOf(flags: TrainingFlags): Promise<Partial<Size>> {
  if (flags['height'] !== undefined && flags['width'] !== undefined) return {};
  const { dataset, datasetDir } = parseTrainConfig({
    dataset: flags.dataset,
    datasetDir: flags.datasetDir,
  });
  const split = await openSplit({ dataset, datasetDir }, 'train');
  await split.close();
  return split.defaultSize;
}

/**
 * The folder of the checkpoint, `save/NAME`.
 * @throws SegprobeError `USAGE` for a name that is no plain name of a folder.
 */
export function checkpointFolder({
  saveDir,
  name,
}: Pick<TrainingFlags, 'saveDir' | 'name'>): string {
  if (!/^[^./\\\0][^/\\\0]*$/.test(name)) {
    throw new SegprobeError(
      'USAGE',
      `expected the name of a checkpoint, without / and not beginning with a dot, got ${JSON.stringify(name)}; --save-dir says where it lies`,
    );
  }
  return path.join(saveDir, name);
}

/**
 * Opens a split of the data set that a configuration names. The caller closes it.
 * @param before - a checkpoint whose classes the data set must have (but for the ignored one), and whose order it then takes.
 */
export async function openSplit(
  config: { dataset: string; datasetDir?: string | undefined },
  split: Split,
  before?: Pick<TrainState, 'classes'>,
): Promise<Dataset> {
  const dataset = await openDataset({ name: config.dataset, dir: config.datasetDir, split });
  if (before === undefined) return dataset;
  try {
    return matchOutputs(dataset, classNames(before));
  } catch (error) {
    await dataset.close();
    throw error;
  }
}
