import { z } from 'zod';
import { SegprobeError } from '../shared/errors.js';

const positive = z.number().positive();
const count = z.number().int().positive();
const multipleOf8 = count.multipleOf(8);

/** Everything that decides what a training computes; stored with the checkpoint. */
export const trainConfigSchema = z.strictObject({
  dataset: z.string().default('camvid'),
  datasetDir: z.string().optional(),
  /** Take only the first scenes of each split. */
  limit: count.optional(),
  batchSize: count.default(10),
  epochs: count.default(300),
  learningRate: positive.default(5e-4),
  /** `step` multiplies by this every `lrDecayEpochs`. */
  lrDecay: positive.default(0.1),
  lrDecayEpochs: count.default(100),
  schedule: z.enum(['step', 'poly', 'cosine']).default('step'),
  weightDecay: z.number().nonnegative().default(2e-4),
  height: multipleOf8.default(360),
  width: multipleOf8.default(480),
  weighing: z.enum(['enet', 'mfb', 'none']).default('enet'),
  withUnlabeled: z.boolean().default(false),
  seed: z.number().int().nonnegative().default(1),
});

export type TrainConfig = z.infer<typeof trainConfigSchema>;

/**
 * Fills in the defaults (PyTorch-ENet's) and checks every value.
 * @throws SegprobeError `USAGE` naming the first option that is wrong, with what was expected.
 */
export function parseTrainConfig(options: unknown): TrainConfig {
  const result = trainConfigSchema.safeParse(options);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new SegprobeError('USAGE', `${toFlag(issue!.path)}: ${issue!.message}`);
}

/** `['batchSize']` → `--batch-size` */
function toFlag(path: readonly PropertyKey[]): string {
  return `--${path
    .map(String)
    .join('.')
    .replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
