import path from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Size } from '../data/dataset.js';
import { CONTROLS } from '../data/controls/index.js';
import { readHashedCheckpoint } from '../export/hashed-checkpoint.js';
import type { OpenedModel } from '../inference/open-model.js';
import { SegprobeError } from '../shared/errors.js';
import { type AttackerGoal, parseGoal } from '../train/attackers/goal.js';
import { withObjective } from '../train/attacks/attack.js';
import { ATTACKS } from '../train/attacks/index.js';
import { NORMS, type NormName } from '../train/attacks/norm.js';
import { OBJECTIVES, type ObjectiveName } from '../train/attacks/objective.js';
import { createSceneAttack, type SceneAttack } from '../train/attacks/scene-attack.js';
import { DEVICES, type Device, useDevice } from '../train/device.js';
import { hasCheckpoint } from '../train/checkpoint.js';
import { fraction, integer, number, positiveInteger } from './numbers.js';
import { printMessage } from './output.js';

/** How attacks by gradients are made. */
export interface AttackFlags {
  readonly norm: NormName;
  readonly steps?: number;
  readonly stepSize?: number;
  readonly restarts?: number;
  readonly loss?: ObjectiveName;
  readonly seed: number;
  readonly goal: string;
  readonly saveDir: string;
  readonly device: Device;
}

/** Adds the flags of attacks by gradients. */
export function addAttackFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--norm <norm>', 'in which norm attacks by gradients are bounded')
        .choices(NORMS)
        .default('linf'),
    )
    .option(
      '--steps <n>',
      "gradients an attack follows (default: the attack's own)",
      positiveInteger,
    )
    .option('--step-size <length>', "length of a step (default: the attack's own)", fraction)
    .option(
      '--restarts <n>',
      'random starts; the best of each picture counts (default: 1)',
      positiveInteger,
    )
    .addOption(
      new Option('--loss <name>', "what the gradients raise (default: the attack's own)").choices(
        OBJECTIVES,
      ),
    )
    .option('--seed <n>', 'decides random starts and noise', integer, 1)
    .option('--goal <goal>', 'untargeted, vanish:CLASS or become:CLASS', 'untargeted')
    .option('--save-dir <dir>', "folder of the victim's checkpoint, for its gradients", 'save')
    .addOption(
      new Option('--device <device>', 'where gradients are computed')
        .choices(DEVICES)
        .default('auto'),
    );
}

/** Those flags by the names that commander gives them, `--epsilon` among them. */
const OF_GRADIENTS = [
  ...['norm', 'steps', 'stepSize', 'restarts', 'loss', 'goal', 'saveDir', 'device'],
  ...['epsilon', 'batchSize'],
];

/**
 * Refuses flags of attacks by gradients where no such attack is made: nothing that is asked for is left out silently.
 *
 * @param allowed - flags that have a meaning there all the same.
 * @throws SegprobeError `USAGE`
 */
export function refuseAttackFlags(
  command: Command,
  expected: string,
  allowed: readonly string[] = [],
): void {
  const given = command.options.find((option) => {
    const name = option.attributeName();
    const isOfThese = OF_GRADIENTS.includes(name) && !allowed.includes(name);
    return isOfThese && command.getOptionValueSource(name) === 'cli';
  });
  if (given === undefined) return;
  throw new SegprobeError('USAGE', `${given.long}: expected ${expected} beside it, got none`);
}

/** Names of all attacks by gradients and all controls. */
export const METHOD_NAMES = [...Object.keys(ATTACKS), ...Object.keys(CONTROLS)];

/** Parses `--epsilon`: ascending, each once. */
export function epsilons(text: string): number[] {
  const values = text.split(',').map((part) => fraction(part.trim()));
  const wrong = values.find((value) => value <= 0);
  if (wrong !== undefined) {
    throw new InvalidArgumentError(`expected numbers above 0, such as 8/255, got ${wrong}`);
  }
  return [...new Set(values)].sort((a, b) => a - b);
}

/** Parses a share from 0 to 1. */
export function share(text: string): number {
  const value = number(text);
  if (value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError(`expected a number from 0 to 1, got ${text}`);
}

/** A victim whose gradients can be followed: its ONNX file's own checkpoint, on a device. */
export interface GradientVictim {
  attack(
    name: string,
    options: { readonly epsilon: number; readonly size: Size; readonly batchSizes: number[] },
  ): SceneAttack;
  readonly goal: AttackerGoal;
}

/**
 * Opens the checkpoint that a victim was exported from, and the device that follows its gradients.
 *
 * @throws SegprobeError `CHECKPOINT_NOT_FOUND`; `USAGE` where the checkpoint has gone on since the export.
 */
export async function openGradientVictim(
  victim: OpenedModel,
  flags: AttackFlags,
): Promise<GradientVictim> {
  const folder = path.join(flags.saveDir, victim.name);
  if (!hasCheckpoint(folder)) {
    throw new SegprobeError(
      'CHECKPOINT_NOT_FOUND',
      `${folder}: expected the checkpoint of ${victim.name}, whose gradients attacks follow, got none; --save-dir says where it lies`,
    );
  }
  const { checkpoint, weightsFile, weightsSha256 } = await readHashedCheckpoint(folder);
  if (weightsSha256 !== victim.facts.checkpointSha256) {
    throw new SegprobeError(
      'USAGE',
      `${folder}: expected the checkpoint that ${path.basename(victim.path)} was exported from (SHA-256 ${victim.facts.checkpointSha256.slice(0, 12)}…), got another (${weightsSha256.slice(0, 12)}…); segprobe export --name ${victim.name} exports it anew`,
    );
  }
  const { classes, ignoreIndex } = checkpoint.state;
  const goal = parseGoal(flags.goal, { classes, ignoreIndex });
  const { description } = await useDevice(flags.device, printMessage);
  printMessage(`gradients: ${description}`);
  const { norm, steps, stepSize, restarts, seed, loss } = flags;
  return {
    goal,
    attack: (name, { epsilon, size, batchSizes }) =>
      createSceneAttack({
        victim: { ...checkpoint, weightsFile },
        attack: loss === undefined ? ATTACKS[name]! : withObjective(ATTACKS[name]!, loss),
        budget: { norm, epsilon },
        effort: {
          seed,
          stepSize,
          ...(steps !== undefined && { steps }),
          ...(restarts !== undefined && { restarts }),
        },
        goal,
        size,
        batchSizes,
      }),
  };
}
