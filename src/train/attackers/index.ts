import type { Size } from '../../data/dataset.js';
import { SegprobeError } from '../../shared/errors.js';
import type { Budget, NormName } from '../attacks/norm.js';
import type { Model } from '../models/model.js';
import { createAutoencoder } from './autoencoder.js';
import { createResidual } from './residual.js';
import { createUniversal } from './universal.js';

/** What decides an attacker's network, apart from its weights. */
export interface AttackerShape extends Size {
  readonly model: AttackerName;
  /** The budget, of those that have one; see `Budget`. */
  readonly epsilon?: number | undefined;
  readonly norm?: NormName | undefined;
}

/**
 * The networks that can be an attacker, by the name that a checkpoint calls them. Such a model goes from float32 pictures
 * `[N, H, W, 3]`, RGB in 0..1, to attacked pictures of the same shape and range; H and W are multiples of 8, and for the
 * universal perturbation its own.
 */
const ATTACKERS = {
  autoencoder: createAutoencoder,
  residual: (shape: AttackerShape) => createResidual(budgetOf(shape)),
  universal: (shape: AttackerShape) => createUniversal(budgetOf(shape), shape),
} as const satisfies Readonly<Record<string, (shape: AttackerShape) => Model>>;

/** How far n/255 times 255 may be from n. */
const ROUNDING = 1e-6;

export type AttackerName = keyof typeof ATTACKERS;

export const ATTACKER_NAMES = Object.keys(ATTACKERS) as [AttackerName, ...AttackerName[]];

/** The attackers that cannot leave a budget. */
export const BOUNDED: ReadonlySet<AttackerName> = new Set(['residual', 'universal']);

/** Builds an attacker's network. @throws SegprobeError `USAGE` for one that needs a budget and has none. */
export function createAttacker(shape: AttackerShape): Model {
  return ATTACKERS[shape.model](shape);
}

/** On L∞ in whole steps of 8 bits, rounded down: rounding the attacked picture to 8 bits cannot leave the budget then. */
function budgetOf({ model, epsilon, norm = 'linf' }: AttackerShape): Budget {
  if (epsilon === undefined) {
    throw new SegprobeError(
      'USAGE',
      `--epsilon: expected a budget for attacker ${model}, got none`,
    );
  }
  return { norm, epsilon: norm === 'linf' ? Math.floor(epsilon * 255 + ROUNDING) / 255 : epsilon };
}
