import { createEnet, createEnetEncoder } from './enet.js';
import { createEnet2018 } from './enet-2018.js';
import type { Model } from './model.js';

export interface ModelOptions {
  /** Number of logits a pixel: all classes of the data set, "unlabelled" included. */
  readonly classCount: number;
}

/** The networks that can be a victim, by the name that a checkpoint calls them. */
export const MODELS = {
  enet: createEnet,
  'enet-encoder': createEnetEncoder,
  'enet-2018': createEnet2018,
} as const satisfies Readonly<Record<string, (options: ModelOptions) => Model>>;

export type ModelName = keyof typeof MODELS;

export const MODEL_NAMES = Object.keys(MODELS) as [ModelName, ...ModelName[]];

/** Builds a network by its name. */
export function createModel(name: ModelName, options: ModelOptions): Model {
  return MODELS[name](options);
}
