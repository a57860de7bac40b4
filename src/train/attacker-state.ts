import { z } from 'zod';
import { ATTACKER_NAMES } from './attackers/index.js';
import { NORMS } from './attacks/norm.js';
import { importedFromSchema, progressShape, score } from './train-state.js';

const side = z.number().int().positive().multipleOf(8, 'expected a multiple of 8');

/** How an attacker came about. Further keys are kept: each attacker and loss has options of its own. */
export const attackerConfigSchema = z.looseObject({
  model: z.enum(ATTACKER_NAMES),
  dataset: z.string().min(1),
  /** The size of the pictures that it was trained on. */
  height: side,
  width: side,
  /** The budget, of attackers that have one; see `Budget`. */
  epsilon: z.number().positive().optional(),
  norm: z.enum(NORMS).optional(),
});

export type AttackerConfig = z.infer<typeof attackerConfigSchema>;

/** An attacker's `state.json`. */
export const attackerStateSchema = z.object({
  ...progressShape,
  kind: z.literal('attacker'),
  /** Whom it was trained against: the name of a victim's checkpoint, and the hash of its weights' file; null if unknown. */
  victim: z.object({ name: z.string(), sha256: z.string() }).nullable(),
  /** What the victim's mIoU on val was under the attack, after the epoch that the weights are of. */
  best: z
    .object({
      epoch: z.number().int(),
      /** How many scenes of val; null if unknown. */
      images: z.number().int().nullable(),
      miouAttacked: score,
      /** What is left of what the attack is to lower, 0..1: see `goalScore`. */
      goalScore: score.optional(),
      /** Under the attack, and of how the pictures changed; absent in imported checkpoints. */
      pixelAccuracyAttacked: score.optional(),
      iouAttacked: z.array(score).optional(),
      psnrDb: score.optional(),
      linf: score.optional(),
    })
    .nullable(),
  /** Of the loss; absent in imported checkpoints. */
  classWeights: z.array(z.number()).optional(),
  importedFrom: importedFromSchema,
  config: attackerConfigSchema,
});

export type AttackerState = z.infer<typeof attackerStateSchema>;
