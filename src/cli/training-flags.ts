import path from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { DATASET_NAMES, openDataset } from '../data/open-dataset.js';
import type { Dataset, Split } from '../data/dataset.js';
import { DEVICES } from '../train/device.js';
import { parseTrainConfig, type TrainConfig } from '../train/config.js';

/** The options of train, test and full as commander parses them; names are the ancestors' where they had one. */
export interface TrainingFlags {
  readonly dataset?: string;
  readonly datasetDir?: string;
  readonly limit?: number;
  readonly name: string;
  readonly saveDir: string;
  readonly device: (typeof DEVICES)[number];
  readonly [key: string]: unknown;
}

/** Which data, which checkpoint, which device: the flags of every command that works with a checkpoint. */
export function addCheckpointFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--dataset <name>', "the data set's layout (default: camvid)").choices(
        DATASET_NAMES,
      ),
    )
    .option('--dataset-dir <dir>', 'the folder of the data set')
    .option('--limit <n>', 'take only the first n scenes of a split', integer)
    .option('--name <name>', 'name of the checkpoint', 'ENet')
    .option('--save-dir <dir>', 'folder of the checkpoints', 'save')
    .addOption(
      new Option('--device <device>', 'where to compute').choices(DEVICES).default('auto'),
    );
}

/** How to train; no defaults here, they are the schema's. */
export function addTrainingFlags(command: Command): Command {
  return addCheckpointFlags(command)
    .option('-b, --batch-size <n>', 'scenes a step (default: 10)', integer)
    .option('--epochs <n>', 'passes over the data set (default: 300)', integer)
    .option('--lr, --learning-rate <rate>', 'learning rate of Adam (default: 5e-4)', number)
    .option(
      '--lr-decay <factor>',
      'what --schedule step multiplies the rate by (default: 0.1)',
      number,
    )
    .option('--lr-decay-epochs <n>', 'after how many epochs, each time (default: 100)', integer)
    .addOption(
      new Option('--schedule <kind>', 'how the rate falls (default: step)').choices([
        'step',
        'poly',
        'cosine',
      ]),
    )
    .option('--weight-decay <factor>', 'L2 regularisation (default: 2e-4)', number)
    .option(
      '--height <pixels>',
      'height that scenes are scaled to, a multiple of 8 (default: 360)',
      integer,
    )
    .option(
      '--width <pixels>',
      'width that scenes are scaled to, a multiple of 8 (default: 480)',
      integer,
    )
    .addOption(
      new Option(
        '--weighing <scheme>',
        'weights of the classes in the loss (default: enet)',
      ).choices(['enet', 'mfb', 'none']),
    )
    .option(
      '--reload-class-weights',
      'compute the class weights anew instead of reading the cached ones',
    )
    .option('--with-unlabeled', 'let unlabelled pixels count in the loss')
    .option(
      '--seed <n>',
      'what the first weights, the order and dropout are drawn from (default: 1)',
      integer,
    )
    .option('--print-step', 'print the loss of each step')
    .option('--pretrained <name>', 'begin with the weights of another checkpoint')
    .option('--resume', 'go on with the checkpoint of this name')
    .option('--overwrite', 'begin anew where a checkpoint of this name exists')
    .option('--json', 'print the result as one JSON object');
}

/** Keys of the flags that make up the configuration. */
const CONFIG_KEYS = [
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
];

/**
 * Reads the configuration from the flags.
 * @param before - the configuration of the training that is resumed, which flags not given are taken from.
 */
export function toTrainConfig(
  flags: TrainingFlags,
  before: Partial<TrainConfig> = {},
): TrainConfig {
  const given = CONFIG_KEYS.filter((key) => flags[key] !== undefined).map((key) => [
    key,
    flags[key],
  ]);
  return parseTrainConfig({ ...before, ...Object.fromEntries(given) });
}

/** The folder of the checkpoint, `save/NAME`. */
export function checkpointFolder({
  saveDir,
  name,
}: Pick<TrainingFlags, 'saveDir' | 'name'>): string {
  return path.join(saveDir, name);
}

/** Opens a split of the data set that a configuration names. The caller closes it. */
export function openSplit(
  config: { dataset: string; datasetDir?: string | undefined; limit?: number | undefined },
  split: Split,
): Promise<Dataset> {
  return openDataset({ name: config.dataset, dir: config.datasetDir, split });
}

function integer(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError(`expected a whole number, got ${text}`);
  return Number(text);
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw new InvalidArgumentError(`expected a number, got ${text}`);
  }
  return value;
}
