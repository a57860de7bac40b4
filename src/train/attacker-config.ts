import { z } from 'zod';
import { GOAL_PATTERN } from './attackers/goal.js';
import { ATTACKER_NAMES, BOUNDED } from './attackers/index.js';
import { ATTACKER_LOSS_NAMES } from './attackers/losses.js';
import { NORMS } from './attacks/norm.js';
import { checkViews, parseConfig, refuse, trainConfigShape } from './config.js';

/** Of the attackers that cannot leave a budget. */
const BOUNDED_DEFAULTS = {
  loss: 'cospgd',
  weighing: 'none',
  epsilon: 8 / 255,
  norm: 'linf',
} as const;

/** What an attacker's training is by default, where its network decides it. */
const DEFAULTS = {
  // The ancestor's, but for a loss that does not depend on the batch.
  autoencoder: { loss: 'mean', learningRate: 5e-4 },
  residual: { ...BOUNDED_DEFAULTS, learningRate: 2e-3 },
  universal: { ...BOUNDED_DEFAULTS, learningRate: 1e-2 },
} as const;

/** A smaller change than this is none in 8 bits. */
const LEAST_LINF = 1 / 255 - 1e-9;

const inherited = trainConfigShape.pick({
  dataset: true,
  datasetDir: true,
  limit: true,
  batchSize: true,
  lrDecay: true,
  lrDecayEpochs: true,
  schedule: true,
  warmupEpochs: true,
  height: true,
  width: true,
  weighing: true,
  withUnlabeled: true,
  seed: true,
  augment: true,
  minScale: true,
  maxScale: true,
  cropHeight: true,
  cropWidth: true,
  valEvery: true,
}).shape;

/** Everything that decides what an attacker's training computes, beside the victim; stored with the checkpoint. */
export const attackerTrainConfigSchema = z
  .strictObject({
    ...inherited,
    model: z.enum(ATTACKER_NAMES).default('autoencoder'),
    loss: z.enum(ATTACKER_LOSS_NAMES),
    /** `untargeted`, `vanish:CLASS` or `become:CLASS`. */
    goal: z
      .string()
      .regex(GOAL_PATTERN, 'expected untargeted, vanish:CLASS or become:CLASS')
      .default('untargeted'),
    /** The budget of attackers that are bounded by construction. */
    epsilon: z.number().positive('expected a number above 0, such as 8/255').optional(),
    norm: z.enum(NORMS).optional(),
    epochs: trainConfigShape.shape.epochs.unwrap().default(10),
    learningRate: trainConfigShape.shape.learningRate.unwrap(),
    weightDecay: trainConfigShape.shape.weightDecay.unwrap().default(0),
  })
  .superRefine((config, context) => {
    checkViews(config, context);
    const { model, norm, epsilon = 0, goal, loss } = config;
    if (!BOUNDED.has(model) && epsilon > 0) {
      refuse(context, 'epsilon', `expected none for attacker ${model}, which has no budget`);
    }
    if (norm === 'linf' && epsilon > 0 && (epsilon > 1 || epsilon < LEAST_LINF)) {
      refuse(context, 'epsilon', 'expected from 1/255 to 1 for norm linf, such as 8/255');
    }
    if (goal !== 'untargeted' && (loss === 'ancestor' || loss === 'mean')) {
      refuse(context, 'goal', `expected untargeted with loss ${loss}`);
    }
    if (goal.startsWith('become') && loss !== 'cross-entropy') {
      refuse(context, 'loss', `expected cross-entropy with goal ${goal}`);
    }
    if (model === 'universal' && (config.cropHeight ?? config.cropWidth) !== undefined) {
      refuse(
        context,
        'cropHeight',
        'expected none: a universal perturbation covers the whole picture',
      );
    }
  });

export type AttackerTrainConfig = z.infer<typeof attackerTrainConfigSchema>;

/**
 * Fills in the defaults, the network's own among them, and checks every value.
 * @throws SegprobeError `USAGE` naming the first option that is wrong, with what was expected and what was given.
 */
export function parseAttackerConfig(
  options: Readonly<Record<string, unknown>>,
): AttackerTrainConfig {
  const model = (options['model'] ?? 'autoencoder') as keyof typeof DEFAULTS;
  const towards = String(options['goal']).startsWith('become') && { loss: 'cross-entropy' };
  return parseConfig(attackerTrainConfigSchema, { ...DEFAULTS[model], ...towards, ...options });
}
