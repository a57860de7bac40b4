import { isDeepStrictEqual } from 'node:util';
import type { Size } from '../data/dataset.js';
import { SegprobeError } from '../shared/errors.js';
import type { AttackerState } from './attacker-checkpoint.js';
import { type AttackerShape, createAttacker } from './attackers/index.js';
import type { TrainConfig } from './config.js';
import { type NamedTensors, packWeights, type PackedWeights } from './packing.js';
import type { FrozenAttack } from './victim-program.js';

/** An attacker's checkpoint, frozen. */
export interface FrozenAttacker {
  readonly state: AttackerState;
  readonly weights: NamedTensors;
  /** The file that its weights come from. */
  readonly weightsFile: string;
}

/** The attackers that a victim is hardened against, one a step in turn. */
export interface Hardening {
  /** What the victim is made with: their network, and the first one's weights. */
  readonly attack: FrozenAttack;
  /** The weights of each. */
  readonly attackers: readonly PackedWeights[];
}

/** How much of each batch is attacked, unless said otherwise. */
const ATTACKED_SHARE = 0.5;

/**
 * Makes attackers ready for a victim's training.
 *
 * @param attackers - at least one, all of one network.
 * @throws SegprobeError `USAGE` for attackers of several networks, or of another size; `CHECKPOINT_INVALID` for weights that are
 * not their network's.
 */
export function createHardening(
  { attackedShare = ATTACKED_SHARE, height, width }: TrainConfig,
  attackers: readonly FrozenAttacker[],
): Hardening {
  const shapes = attackers.map(({ state }) => shapeAt(state.config, { height, width }));
  for (const shape of shapes) {
    if (isDeepStrictEqual(shape, shapes[0])) continue;
    const [expected, found] = [describe(shapes[0]!), describe(shape)];
    throw new SegprobeError('USAGE', `expected attackers of one kind (${expected}), got ${found}`);
  }
  const attacker = createAttacker(shapes[0]!);
  const packed = attackers.map(({ weights, weightsFile }) =>
    packWeights(attacker.spec, weights, weightsFile),
  );
  return {
    attack: { attacker, weights: packed[0]!, share: attackedShare },
    attackers: packed,
  };
}

/** The network of an attacker for pictures of a size; a universal perturbation fits its own alone. */
function shapeAt({ model, epsilon, norm, ...own }: AttackerShape, size: Size): AttackerShape {
  if (model === 'universal' && (own.height !== size.height || own.width !== size.width)) {
    throw new SegprobeError(
      'USAGE',
      `expected a universal perturbation of ${size.width}×${size.height} pixels, got one of ${own.width}×${own.height}`,
    );
  }
  return { model, epsilon, norm, height: size.height, width: size.width };
}

function describe({ model, norm, epsilon }: AttackerShape): string {
  return epsilon === undefined ? model : `${model}, ${norm} ${(epsilon * 255).toFixed(1)}/255`;
}
