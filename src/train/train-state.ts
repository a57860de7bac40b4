import { z } from 'zod';
import { trainConfigSchema } from './config.js';

/** A figure in 0..1, or null where there is nothing to measure. */
export const score = z.number().nullable();

/** The file of another program that the weights come from, where they do. */
export const importedFromSchema = z.object({ file: z.string(), sha256: z.string() }).optional();

/** Where a training stands, whatever it trains. */
export const progressShape = {
  version: z.literal(1),
  /** Epochs that are complete. */
  epoch: z.number().int().nonnegative(),
  /** Steps done in the epoch that is not. */
  batch: z.number().int().nonnegative(),
  /** Steps done in all. Data order and dropout follow from the seed, the epoch and this number: the random state. */
  step: z.number().int().nonnegative(),
  /** Sum of the losses of the `batch` steps. */
  lossSum: z.number(),
  seconds: z.number().nonnegative(),
  metrics: z.array(z.record(z.string(), z.unknown())),
  classes: z.array(
    z.object({ name: z.string(), color: z.tuple([z.number(), z.number(), z.number()]) }),
  ),
  ignoreIndex: z.number().int(),
  /** Scenes an epoch takes. */
  scenes: z.number().int().positive().optional(),
};

/** Where a training stands, whatever it trains. */
export type Progress = z.infer<z.ZodObject<typeof progressShape>>;

/** A victim's `state.json`: where the training stands and all that is needed to go on, apart from tensors. */
export const trainStateSchema = z.object({
  ...progressShape,
  best: z
    .object({
      epoch: z.number().int(),
      /** How many scenes of val; null if unknown. */
      images: z.number().int().nullable(),
      miou: score,
      /** Of a hardened victim: under the latest attacker of its training. */
      miouAttacked: score.optional(),
      pixelAccuracy: score,
      iou: z.array(score),
    })
    .nullable(),
  /** Of the loss; none as long as an imported checkpoint has not been trained on. */
  classWeights: z.array(z.number()),
  importedFrom: importedFromSchema,
  config: trainConfigSchema,
});

export type TrainState = z.infer<typeof trainStateSchema>;
