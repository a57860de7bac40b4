import { type Command, Option } from 'commander';
import { segprobeCacheDir } from '../graph/native/context.js';
import { readHashedCheckpoint } from '../export/hashed-checkpoint.js';
import { type AttackerState, readAttackerCheckpoint } from '../train/attacker-checkpoint.js';
import { type AttackerTrainConfig, parseAttackerConfig } from '../train/attacker-config.js';
import type { FrozenCheckpoint } from '../train/attacker-training.js';
import { ATTACKER_NAMES } from '../train/attackers/index.js';
import { ATTACKER_LOSS_NAMES } from '../train/attackers/losses.js';
import { NORMS } from '../train/attacks/norm.js';
import { weightsFileOf } from '../train/checkpoint.js';
import { AUGMENTATIONS, SCHEDULES, WEIGHINGS } from '../train/config.js';
import { useDevice } from '../train/device.js';
import { lockRun } from '../train/run-lock.js';
import { trainAttacker } from '../train/train-attacker.js';
import { assertFree, assertResumable, assertSameOptions } from '../train/training-checks.js';
import { withInterrupt } from './interrupt.js';
import { addLogFlags, createLogs } from './log-flags.js';
import { fraction, integer, number, positiveInteger } from './numbers.js';
import { printJson, printLine, printMessage } from './output.js';
import { formatCount, formatPercent, formatScores } from './scores.js';
import { createTrainObserver } from './train-observer.js';
import {
  addBatchSizeFlag,
  addCheckpointFlags,
  addSizeFlags,
  augmentations,
  checkpointFolder,
  openSplit,
  type TrainingFlags,
} from './training-flags.js';
import { writeTrainingCurve } from './training-curve.js';

/** The flags of `segprobe train-attacker` as commander parses them. */
interface AttackerFlags extends TrainingFlags {
  readonly malname: string;
  readonly malpretrained?: string;
}

/** `segprobe train-attacker` */
export function configureTrainAttacker(command: Command): void {
  addAttackerFlags(command).action(async (flags: AttackerFlags) => {
    const state = await trainFromFlags(flags);
    if (flags['json']) printJson(resultOf(flags, state));
    else printResult(flags, state);
  });
}

/** No defaults here but names: they are the schema's. */
function addAttackerFlags(command: Command): Command {
  const victimsOwn = "the victim's";
  addSizeFlags(addBatchSizeFlag(addCheckpointFlags(command, victimsOwn)), victimsOwn)
    .option('--malname <name>', "name of the attacker's checkpoint; --name is the victim's", 'mal')
    .addOption(
      new Option('--attacker <kind>', 'its network (default: autoencoder)').choices(ATTACKER_NAMES),
    )
    .option(
      '--epsilon <budget>',
      'the most that residual and universal may change a picture (default: 8/255)',
      fraction,
    )
    .addOption(
      new Option('--norm <norm>', 'in which norm, of values in 0..1 (default: linf)').choices(
        NORMS,
      ),
    )
    .addOption(
      new Option(
        '--loss <name>',
        'what it learns by (default: mean for the autoencoder, else cospgd)',
      ).choices(ATTACKER_LOSS_NAMES),
    )
    .option(
      '--goal <goal>',
      'untargeted, vanish:CLASS (its pixels wrong, the others as they may be) or become:CLASS (all taken for it) (default: untargeted)',
    )
    .option('--epochs <n>', 'passes over the data set (default: 10)', positiveInteger)
    .option(
      '--lr, --learning-rate <rate>',
      "Adam's learning rate (default: 5e-4 autoencoder, 2e-3 residual, 1e-2 universal)",
      number,
    )
    .addOption(
      new Option('--schedule <kind>', 'how the learning rate falls (default: step)').choices(
        SCHEDULES,
      ),
    )
    .option('--lr-decay <factor>', 'schedule step multiplies by this (default: 0.1)', number)
    .option('--lr-decay-epochs <n>', 'every so many epochs (default: 100)', positiveInteger)
    .option('--warmup-epochs <n>', 'let the rate rise from 0 over so many epochs', integer)
    .option('--weight-decay <factor>', 'L2 regularisation (default: 0)', number)
    .option(
      '--augment [kinds]',
      `draw each scene anew each time: ${AUGMENTATIONS.join(', ')}, or some of them with commas between`,
      augmentations,
    )
    .option('--min-scale <factor>', 'augmentation scale: from this factor (default: 0.5)', number)
    .option('--max-scale <factor>', 'augmentation scale: up to this factor (default: 2)', number)
    .option('--crop-height <pixels>', 'height of the window that a step sees', positiveInteger)
    .option('--crop-width <pixels>', 'width of the window that a step sees', positiveInteger)
    .option('--val-every <n>', 'validate after every so many epochs (default: 1)', positiveInteger)
    .addOption(
      new Option(
        '--weighing <scheme>',
        'weights of classes in the loss (default: enet for the autoencoder, else none)',
      ).choices(WEIGHINGS),
    )
    .option('--reload-class-weights', 'count the classes anew instead of reading cached weights')
    .option('--with-unlabeled', 'let unlabelled pixels count in the loss')
    .option('--seed <n>', 'decides first weights and order (default: 1)', integer);
  return addLogFlags(command)
    .addOption(
      new Option('--malpretrained <name>', "begin with another attacker's weights").conflicts(
        'resume',
      ),
    )
    .addOption(
      new Option(
        '--resume',
        'go on with the attacker of this name; its options hold, --epochs may be raised',
      ).conflicts('overwrite'),
    )
    .option('--overwrite', 'begin anew where an attacker of this name exists')
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', EXAMPLES);
}

const EXAMPLES = `
The victim is in evaluation mode and stays as it is to the last bit. The attacker of the epoch after which the victim's
mIoU on val is lowest lies in save/MALNAME; segprobe export --name MALNAME makes it ONNX. Losses: ancestor is the
Malicious Autoencoder's 0.1·‖x′−x‖₂ − 100·CE, mean the same whatever the batch size; the others raise what attacks on
single pictures raise, and fit attackers with a budget.

Examples:
  segprobe train-attacker --name enet-camvid --malname mal-camvid --dataset-dir ~/CamVid
  segprobe train-attacker --name enet-camvid --malname mal-8 --attacker residual --epsilon 8/255 --schedule poly --epochs 30
  segprobe train-attacker --name enet-camvid --malname mal-8 --resume`;

async function trainFromFlags(flags: AttackerFlags): Promise<AttackerState> {
  const folder = checkpointFolder({ ...flags, name: flags.malname });
  const existing = flags['resume'] ? 'resume' : flags['overwrite'] ? 'overwrite' : 'refuse';
  const victim = await readVictim(flags);
  const pretrained = await readPretrained(flags);
  const config = await readConfig(flags, victim, folder, existing);
  const { state } = victim.checkpoint;
  const trainSplit = await openSplit(config, 'train', state);
  const valSplit = await openSplit(config, 'val', state);
  const observer = createTrainObserver({
    printStep: flags['printStep'] === true,
    miouName: 'mIoU under attack',
  });
  const announce = (): void =>
    observer.log('stopping after this step and saving; Ctrl-C again ends at once, without saving');
  try {
    const { description } = await useDevice(flags.device, printMessage);
    printMessage(`${description}; attacker ${folder}, victim ${victim.name}`);
    const trained = await withInterrupt(announce, (signal) =>
      trainAttacker({
        config,
        folder,
        victim,
        train: trainSplit,
        val: valSplit,
        existing,
        pretrained,
        cacheDir: segprobeCacheDir(),
        reloadClassWeights: flags['reloadClassWeights'] === true,
        onClassPixels: observer.onClassPixels,
        observer: createLogs(flags, config, observer),
        workers: flags.workers,
        signal,
      }),
    );
    await writeTrainingCurve(folder, trained.metrics, `mIoU of ${victim.name}`);
    return trained;
  } finally {
    observer.stop();
    await Promise.all([trainSplit.close(), valSplit.close()]);
  }
}

/** The victim's checkpoint with the hash of its weights: what the attacker is trained against, to the bit. */
async function readVictim(flags: TrainingFlags): Promise<FrozenCheckpoint> {
  return { name: flags.name, ...(await readHashedCheckpoint(checkpointFolder(flags))) };
}

/** Refuses early what can be known early. What no flag says is the resumed attacker's, or else the victim's. */
async function readConfig(
  flags: AttackerFlags,
  { checkpoint }: FrozenCheckpoint,
  folder: string,
  existing: 'refuse' | 'resume' | 'overwrite',
): Promise<AttackerTrainConfig> {
  const { dataset, datasetDir, height, width, batchSize } = checkpoint.state.config;
  const ofVictim = flags.dataset === undefined ? { dataset, datasetDir } : {};
  const lock = await lockRun(folder);
  try {
    if (existing === 'refuse') assertFree(folder);
    if (existing !== 'resume') {
      return toAttackerConfig(flags, { ...ofVictim, height, width, batchSize });
    }
    const before = await readAttackerCheckpoint(folder);
    assertResumable(before, folder);
    const resumed = toAttackerConfig(flags, before.state.config);
    assertSameOptions<object>(before.state.config, resumed);
    return resumed;
  } finally {
    await lock.release();
  }
}

async function readPretrained({
  malpretrained,
  saveDir,
}: AttackerFlags): Promise<{ weights: AttackerWeights; file: string } | undefined> {
  if (malpretrained === undefined) return undefined;
  const folder = checkpointFolder({ saveDir, name: malpretrained });
  const { weights } = await readAttackerCheckpoint(folder);
  return { weights, file: weightsFileOf(folder) };
}

type AttackerWeights = Awaited<ReturnType<typeof readAttackerCheckpoint>>['weights'];

/** Keys of the flags that make up the configuration; `--attacker` is its `model`. */
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
  'warmupEpochs',
  'weightDecay',
  'height',
  'width',
  'weighing',
  'withUnlabeled',
  'seed',
  'augment',
  'minScale',
  'maxScale',
  'cropHeight',
  'cropWidth',
  'valEvery',
  'loss',
  'goal',
  'epsilon',
  'norm',
] as const satisfies readonly (keyof AttackerTrainConfig)[];

function toAttackerConfig(flags: AttackerFlags, before: object): AttackerTrainConfig {
  const options: Record<string, unknown> = { ...before };
  for (const key of CONFIG_KEYS) {
    const value = key === 'augment' && flags[key] === true ? AUGMENTATIONS : flags[key];
    if (value !== undefined) options[key] = value;
  }
  if (flags['attacker'] !== undefined) options['model'] = flags['attacker'];
  return parseAttackerConfig(options);
}

/** What `--json` prints. */
function resultOf({ malname, name, saveDir }: AttackerFlags, state: AttackerState): object {
  const { epoch, step, best } = state;
  const folder = checkpointFolder({ saveDir, name: malname });
  return { name: malname, victim: name, folder, epoch, step, best };
}

function printResult({ malname, name }: AttackerFlags, state: AttackerState): void {
  const { best, epoch, classes } = state;
  const figures = [
    `${malname}: ${formatCount(epoch, 'epoch')}, best after epoch ${best?.epoch}`,
    `${name} on val under attack: mIoU ${formatPercent(best?.miouAttacked ?? null)}`,
    ...(typeof best?.psnrDb === 'number' ? [`PSNR ${best.psnrDb.toFixed(1)} dB`] : []),
    ...(typeof best?.linf === 'number' ? [`L∞ ${Math.round(best.linf * 255)}/255`] : []),
  ];
  const names = classes.map((one) => one.name);
  const scores = { miou: best?.miouAttacked ?? null, iou: best?.iouAttacked ?? [] };
  printLine(`${figures.join('; ')}\n${formatScores(names, scores)}`);
}
