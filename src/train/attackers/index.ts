import type { Model } from '../models/model.js';
import { createAutoencoder } from './autoencoder.js';

/**
 * The networks that can be an attacker, by the name that a checkpoint calls them. Such a model goes from float32 pictures
 * `[N, H, W, 3]`, RGB in 0..1, to attacked pictures of the same shape and range; H and W are even.
 */
export const ATTACKERS = {
  autoencoder: createAutoencoder,
} as const satisfies Readonly<Record<string, () => Model>>;

export type AttackerName = keyof typeof ATTACKERS;

export const ATTACKER_NAMES = Object.keys(ATTACKERS) as [AttackerName, ...AttackerName[]];

/** Builds an attacker by its name. */
export function createAttacker(name: AttackerName): Model {
  return ATTACKERS[name]();
}
