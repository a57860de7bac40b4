import { z } from 'zod';
import { SegprobeError } from '../shared/errors.js';

/** How the learning rate falls. */
export const SCHEDULES = ['step', 'poly', 'cosine'] as const;
/** How the classes are weighed in the loss. */
export const WEIGHINGS = ['enet', 'mfb', 'none'] as const;

const positive = z.number().positive('expected a number above 0');
const count = z.number().int('expected a whole number').positive('expected a whole number above 0');
const multipleOf8 = count.multipleOf(8, 'expected a multiple of 8');

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
  schedule: z.enum(SCHEDULES).default('step'),
  weightDecay: z.number().nonnegative('expected 0 or more').default(2e-4),
  height: multipleOf8.default(360),
  width: multipleOf8.default(480),
  weighing: z.enum(WEIGHINGS).default('enet'),
  withUnlabeled: z.boolean().default(false),
  seed: z.number().int().nonnegative().default(1),
});

export type TrainConfig = z.infer<typeof trainConfigSchema>;

/**
 * Fills in the defaults (PyTorch-ENet's) and checks every value.
 * @throws SegprobeError `USAGE` naming the first option that is wrong, with what was expected and what was given.
 */
export function parseTrainConfig(options: unknown): TrainConfig {
  const result = trainConfigSchema.safeParse(options);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  const [key] = path;
  if (typeof key !== 'string') throw new SegprobeError('USAGE', `options: ${message}`);
  const found = JSON.stringify((options as Record<string, unknown>)[key]);
  throw new SegprobeError('USAGE', `${flagOf(key)}: ${message}, got ${found}`);
}

/** The flag of an option: `batchSize` → `--batch-size`. */
export function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
