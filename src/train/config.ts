import { z } from 'zod';
import type { Size } from '../data/dataset.js';
import { SegprobeError } from '../shared/errors.js';
import { MODEL_NAMES } from './models/index.js';

/** How the learning rate falls. */
export const SCHEDULES = ['step', 'poly', 'cosine'] as const;
/** How the classes are weighed in the loss. */
export const WEIGHINGS = ['enet', 'mfb', 'none'] as const;
/** What of each training scene is drawn anew each time: its mirror image, its scale and place, its colours. */
export const AUGMENTATIONS = ['flip', 'scale', 'color'] as const;

const positive = z.number().positive('expected a number above 0');
const count = z.number().int('expected a whole number').positive('expected a whole number above 0');
const multipleOf8 = count.multipleOf(8, 'expected a multiple of 8');
const wholeOrZero = z.number().int('expected a whole number').nonnegative('expected 0 or more');
const shareBelow1 = z.number().nonnegative('expected 0 or more').lt(1, 'expected a number below 1');

/** The options of a victim's training, before they are checked against each other. */
export const trainConfigShape = z.strictObject({
  model: z.enum(MODEL_NAMES).default('enet'),
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
  /** The learning rate rises linearly from 0 over so many epochs first. */
  warmupEpochs: wholeOrZero.default(0),
  weightDecay: z.number().nonnegative('expected 0 or more').default(2e-4),
  height: multipleOf8.default(360),
  width: multipleOf8.default(480),
  weighing: z.enum(WEIGHINGS).default('enet'),
  withUnlabeled: z.boolean().default(false),
  seed: z.number().int().nonnegative().default(1),
  augment: z.array(z.enum(AUGMENTATIONS)).default([]),
  /** With augmentation `scale`: a scene is enlarged by a factor drawn from minScale to maxScale. */
  minScale: positive.default(0.5),
  maxScale: positive.default(2),
  /** The window of the scaled scene that a training step sees; the whole size if absent. */
  cropHeight: multipleOf8.optional(),
  cropWidth: multipleOf8.optional(),
  /** Hard-pixel mining: only pixels count in the loss whose right class has a probability below this. */
  hardBelow: positive.max(1, 'expected at most 1').optional(),
  /** The loss is the cross entropy plus this times 1 − the mean soft IoU of the batch's classes. */
  iouLoss: positive.optional(),
  /** What is validated and kept is the exponential moving average of the weights with this decay; 0: the weights themselves. */
  emaDecay: shareBelow1.default(0),
  /** Train the encoder alone before the whole network, for `encoderEpochs`, or as many as the whole. */
  encoderFirst: z.boolean().default(false),
  encoderEpochs: count.optional(),
  /** The name of the checkpoint whose weights it began with. */
  pretrained: z.string().optional(),
  /** Hardening: the names of the attackers' checkpoints that the victim is trained against, one a step in turn. */
  attackers: z.array(z.string()).optional(),
  /** Which share of each batch they attack. */
  attackedShare: positive.max(1, 'expected at most 1').optional(),
  /** Validate after every so many epochs, and after the last. */
  valEvery: count.default(1),
});

/** Everything that decides what a training computes; stored with the checkpoint. */
export const trainConfigSchema = trainConfigShape.superRefine((config, context) => {
  if (config.encoderFirst && !['enet', 'enet-encoder'].includes(config.model)) {
    refuse(context, 'encoderFirst', 'expected model enet, whose encoder can be trained alone');
  }
  checkViews(config, context);
});

/** Refuses what no step can see. */
export function checkViews(
  {
    minScale,
    maxScale,
    cropHeight = 0,
    cropWidth = 0,
    height,
    width,
  }: Pick<TrainConfig, 'minScale' | 'maxScale' | 'cropHeight' | 'cropWidth' | 'height' | 'width'>,
  context: z.RefinementCtx,
): void {
  if (minScale > maxScale) {
    refuse(context, 'minScale', `expected at most --max-scale, which is ${maxScale}`);
  }
  if (cropHeight > height) {
    refuse(context, 'cropHeight', `expected at most --height, which is ${height}`);
  }
  if (cropWidth > width) {
    refuse(context, 'cropWidth', `expected at most --width, which is ${width}`);
  }
}

/** Refuses an option that does not go with another. */
export function refuse(context: z.RefinementCtx, key: string, message: string): void {
  context.addIssue({ code: 'custom', path: [key], message });
}

export type TrainConfig = z.infer<typeof trainConfigShape>;

/** How many epochs the network of a configuration is trained. */
export function epochsOf({
  model,
  epochs,
  encoderEpochs,
}: Pick<TrainConfig, 'epochs'> & Partial<Pick<TrainConfig, 'model' | 'encoderEpochs'>>): number {
  return model === 'enet-encoder' ? (encoderEpochs ?? epochs) : epochs;
}

/** The size of what a training step sees. */
export function trainSizeOf(
  config: Pick<TrainConfig, 'cropHeight' | 'cropWidth' | 'height' | 'width'>,
): Size {
  return {
    height: config.cropHeight ?? config.height,
    width: config.cropWidth ?? config.width,
  };
}

/**
 * Fills in the defaults (PyTorch-ENet's) and checks every value.
 * @throws SegprobeError `USAGE` naming the first option that is wrong, with what was expected and what was given.
 */
export function parseTrainConfig(options: unknown): TrainConfig {
  return parseConfig(trainConfigSchema, options);
}

/** Checks options by a schema. @throws SegprobeError as {@link parseTrainConfig}. */
export function parseConfig<Config>(schema: z.ZodType<Config>, options: unknown): Config {
  const result = schema.safeParse(options);
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
