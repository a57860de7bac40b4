import path from 'node:path';
import { hasCheckpoint } from './checkpoint.js';
import { readAttackerCheckpoint } from './attacker-checkpoint.js';
import { type AttackerTrainConfig, parseAttackerConfig } from './attacker-config.js';
import type { FrozenCheckpoint } from './attacker-training.js';
import { weightsFileOf } from './checkpoint.js';
import type { FrozenAttacker } from './hardening.js';
import { trainAttacker } from './train-attacker.js';
import { trainVictim, type TrainOptions } from './train.js';
import type { TrainState } from './train-state.js';

export interface HardenOptions extends Omit<TrainOptions, 'attackers' | 'until' | 'pretrained'> {
  /** The victim to begin with. */
  readonly victim: FrozenCheckpoint;
  /** The first attacker. */
  readonly attacker: FrozenAttacker & { readonly name: string };
  /**
   * How many times the victim is trained, each for a share of the epochs. Before each but the first, another attacker is trained
   * against the victim as it has become, and joins those before.
   */
  readonly rounds: number;
  /** How long those attackers are trained. @defaultValue as the first one was */
  readonly attackerEpochs?: number | undefined;
  /** Reads the victim of `folder` between two rounds, with the hash of its weights. */
  readonly readVictim: () => Promise<FrozenCheckpoint>;
  /** Is told which part begins. */
  readonly onPart?: (part: string) => void;
}

/** The folder of the attacker that is trained before a round, counted from 2: `save/NAME-attacker-2`. */
export function attackerFolderOf(folder: string, round: number): string {
  return path.join(path.dirname(folder), `${path.basename(folder)}-attacker-${round}`);
}

/**
 * Trains a victim against frozen attackers: a part of each batch is attacked, the labels stay. With several rounds the two take
 * turns. What is under way is resumed where it stands.
 *
 * @returns the victim's state after the last round.
 * @throws SegprobeError as `trainVictim` and `trainAttacker` do, and `USAGE` where attacker and victim do not fit.
 * @see arXiv:1706.06083 for adversarial training
 */
export async function hardenVictim(options: HardenOptions): Promise<TrainState> {
  const { config, victim, rounds, onPart } = options;
  const attackers = [options.attacker];
  let state: TrainState | undefined;
  for (let round = 1; round <= rounds; round++) {
    if (round > 1) attackers.push(await attackerOfRound(options, round));
    const names = attackers.map(({ name }) => name);
    onPart?.(`round ${round} of ${rounds}: training the victim against ${names.join(', ')}`);
    state = await trainVictim({
      ...options,
      config: { ...config, attackers: names },
      attackers,
      existing: round === 1 ? options.existing : 'resume',
      pretrained: { weights: victim.checkpoint.weights, file: victim.weightsFile },
      until: Math.round((config.epochs * round) / rounds),
    });
  }
  return state!;
}

/** Trains the attacker of a round, unless the victim has gone on from there already. */
async function attackerOfRound(
  options: HardenOptions,
  round: number,
): Promise<FrozenAttacker & { readonly name: string }> {
  const { folder, attacker, onPart } = options;
  const attackerFolder = attackerFolderOf(folder, round);
  const name = path.basename(attackerFolder);
  const victim = await options.readVictim();
  const hasFaced = victim.checkpoint.state.config.attackers?.includes(name) ?? false;
  if (!hasFaced) {
    onPart?.(`round ${round} of ${options.rounds}: training ${name} against the victim`);
    await trainAttacker({
      ...options,
      config: attackerConfig(options),
      folder: attackerFolder,
      victim,
      existing: hasCheckpoint(attackerFolder)
        ? options.existing === 'resume'
          ? 'resume'
          : 'overwrite'
        : 'refuse',
      pretrained: { weights: attacker.weights, file: attacker.weightsFile },
    });
  }
  const { state, weights } = await readAttackerCheckpoint(attackerFolder);
  return { name, state, weights, weightsFile: weightsFileOf(attackerFolder) };
}

/** The first attacker's, on the data of the hardening. */
function attackerConfig({ attacker, attackerEpochs, config }: HardenOptions): AttackerTrainConfig {
  const { dataset, datasetDir, limit, height, width } = config;
  const own = attacker.state.config as Record<string, unknown>;
  return parseAttackerConfig({
    ...own,
    ...{ dataset, datasetDir, limit, height, width },
    ...(attackerEpochs !== undefined && { epochs: attackerEpochs }),
  });
}
