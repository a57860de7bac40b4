import { type Command, Option } from 'commander';
import type { Dataset } from '../data/dataset.js';
import { readHashedAttacker, readHashedCheckpoint } from '../export/hashed-checkpoint.js';
import { segprobeCacheDir } from '../graph/native/context.js';
import { SegprobeError } from '../shared/errors.js';
import type { FrozenCheckpoint } from '../train/attacker-training.js';
import { readCheckpoint } from '../train/checkpoint.js';
import type { TrainConfig } from '../train/config.js';
import { useDevice } from '../train/device.js';
import { hardenVictim } from '../train/harden.js';
import type { FrozenAttacker } from '../train/hardening.js';
import { lockRun } from '../train/run-lock.js';
import { scoreUnderAttack } from '../train/score-under-attack.js';
import { assertFree, assertResumable, assertSameOptions } from '../train/training-checks.js';
import { withInterrupt } from './interrupt.js';
import { createLogs } from './log-flags.js';
import { number, positiveInteger } from './numbers.js';
import { printJson, printLine, printMessage } from './output.js';
import { formatPercent } from './scores.js';
import { createTrainObserver } from './train-observer.js';
import {
  addTrainingFlags,
  checkpointFolder,
  openSplit,
  toTrainConfig,
  type TrainingFlags,
} from './training-flags.js';
import { writeTrainingCurve } from './training-curve.js';

interface HardenFlags extends TrainingFlags {
  readonly pretrained?: string;
  readonly malname?: string;
  readonly rounds: number;
  readonly attackerEpochs?: number;
}

/** What a hardening is about: who is trained against whom, and how. */
interface Plan {
  readonly config: TrainConfig;
  readonly victim: FrozenCheckpoint;
  readonly attacker: FrozenAttacker & { readonly name: string };
}

/** Epochs unless said otherwise: the victim is trained already. */
const EPOCHS = 30;

/** `segprobe harden` */
export function configureHarden(command: Command): void {
  addTrainingFlags(command)
    .option('--malname <name>', "the attacker's checkpoint, which stays as it is")
    .option(
      '--rounds <n>',
      'train victim and attackers in turns: so often the victim, each time against one attacker more',
      positiveInteger,
      1,
    )
    .option(
      '--attacker-epochs <n>',
      "epochs of the attackers of further rounds (default: the first one's)",
      positiveInteger,
    )
    .addOption(
      new Option(
        '--attacked-share <share>',
        'how much of each batch is attacked (default: 0.5)',
      ).argParser(number),
    )
    .addHelpText('after', EXAMPLES)
    .action(harden);
}

const EXAMPLES = `
harden trains the victim of --pretrained against the frozen attacker of --malname, as checkpoint --name. What no flag says
(data set, size, batch) is as the victim was trained; --epochs is ${EPOCHS} unless said otherwise.

  segprobe harden --name enet-hardened --pretrained enet-camvid --malname mal-8 --epochs 30 --schedule poly --rounds 3`;

async function harden(flags: HardenFlags): Promise<void> {
  const folder = checkpointFolder(flags);
  const existing = flags['resume'] ? 'resume' : flags['overwrite'] ? 'overwrite' : 'refuse';
  const { config, victim, attacker } = await readPlan(flags, folder, existing);
  const { state } = victim.checkpoint;
  const train = await openSplit(config, 'train', state);
  const val = await openSplit(config, 'val', state);
  const observer = createTrainObserver({ printStep: flags['printStep'] === true });
  const announce = (): void =>
    observer.log('stopping after this step and saving; Ctrl-C again ends at once, without saving');
  try {
    const { description } = await useDevice(flags.device, printMessage);
    printMessage(`${description}; checkpoint ${folder}, from ${victim.name}`);
    const scores = await withInterrupt(announce, async (signal) => {
      const score = (scored: FrozenCheckpoint): Promise<Scores> =>
        scoreOf(scored, attacker, val, config, signal);
      const before = await score(victim);
      observer.log(`before: mIoU ${formatPercent(before.miouAttacked)} under ${attacker.name}`);
      const { metrics } = await hardenVictim({
        config,
        folder,
        victim,
        attacker,
        rounds: flags.rounds,
        attackerEpochs: flags.attackerEpochs,
        readVictim: () => readVictim(flags, flags.name),
        train,
        val,
        existing,
        cacheDir: segprobeCacheDir(),
        reloadClassWeights: flags['reloadClassWeights'] === true,
        onClassPixels: observer.onClassPixels,
        observer: createLogs(flags, config, observer),
        workers: flags.workers,
        signal,
        onPart: (part) => observer.log(part),
      });
      await writeTrainingCurve(folder, metrics);
      return { before, after: await score(await readVictim(flags, flags.name)) };
    });
    report(flags, attacker.name, scores);
  } finally {
    observer.stop();
    await Promise.all([train.close(), val.close()]);
  }
}

/** Refuses early what can be known early. */
async function readPlan(
  flags: HardenFlags,
  folder: string,
  existing: 'refuse' | 'resume' | 'overwrite',
): Promise<Plan> {
  const before = existing === 'resume' ? await readCheckpoint(folder) : undefined;
  const victimName = flags.pretrained ?? before?.state.config.pretrained;
  const attackerName = flags.malname ?? before?.state.config.attackers?.[0];
  if (victimName === undefined) {
    throw new SegprobeError('USAGE', '--pretrained: expected the name of the victim, got none');
  }
  if (attackerName === undefined) {
    throw new SegprobeError('USAGE', '--malname: expected the name of the attacker, got none');
  }
  const victim = await readVictim(flags, victimName);
  const attackerFolder = checkpointFolder({ ...flags, name: attackerName });
  const { checkpoint, weightsFile } = await readHashedAttacker(attackerFolder);
  const attacker = { name: attackerName, ...checkpoint, weightsFile };
  const own = { pretrained: victimName, attackers: [attackerName] };
  const lock = await lockRun(folder);
  try {
    if (existing === 'refuse') assertFree(folder);
    if (before === undefined) {
      const { dataset, datasetDir, height, width, batchSize, model, limit } =
        victim.checkpoint.state.config;
      const inherited = { dataset, datasetDir, height, width, batchSize, model, limit };
      const config = toTrainConfig(flags, { ...inherited, epochs: EPOCHS, ...own });
      return { config, victim, attacker };
    }
    assertResumable(before, folder);
    const config = toTrainConfig(flags, { ...before.state.config, ...own });
    assertSameOptions(before.state.config, config);
    return { config, victim, attacker };
  } finally {
    await lock.release();
  }
}

async function readVictim(flags: HardenFlags, name: string): Promise<FrozenCheckpoint> {
  return { name, ...(await readHashedCheckpoint(checkpointFolder({ ...flags, name }))) };
}

/** Of a victim on val; the clean figures are of its checkpoint's best epoch. */
interface Scores {
  readonly miou: number | null;
  readonly miouAttacked: number | null;
}

async function scoreOf(
  { checkpoint, weightsFile }: FrozenCheckpoint,
  attacker: FrozenAttacker,
  dataset: Dataset,
  { batchSize, limit }: TrainConfig,
  signal: AbortSignal,
): Promise<Scores> {
  const victim = { ...checkpoint, weightsFile };
  const { miou } = await scoreUnderAttack({
    victim,
    attacker,
    dataset,
    batchSize,
    limit,
    signal,
  });
  return { miou: checkpoint.state.best?.miou ?? null, miouAttacked: miou };
}

function report(
  flags: HardenFlags,
  attacker: string,
  { before, after }: { readonly before: Scores; readonly after: Scores },
): void {
  if (flags['json']) {
    printJson({ name: flags.name, folder: checkpointFolder(flags), attacker, before, after });
    return;
  }
  const row = (name: string, of: keyof Scores): string =>
    `  ${name.padEnd(24)}${formatPercent(before[of]).padStart(9)}${formatPercent(after[of]).padStart(9)}`;
  printLine(
    [
      `${flags.name}: mIoU on val${''.padEnd(6)}before    after`,
      row('clean', 'miou'),
      row(`under ${attacker}`, 'miouAttacked'),
    ].join('\n'),
  );
}
