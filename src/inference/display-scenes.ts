import type { Dataset, Scene, Split } from '../data/dataset.js';
import type { Perturbation } from '../shared/perturbation.js';
import { assertNotAborted } from './gate.js';
import type { OpenedModel } from './open-model.js';
import type { InferencePool } from './pool.js';

/** A scene before and after an attack, in the victim's input size. */
export interface DisplayedScene extends Scene {
  readonly split: Split;
  /** Which of the displayed scenes of its split it is, from 0 on. */
  readonly number: number;
  /** What the victim says of the picture, class numbers `[H, W]` flattened. */
  readonly segmented: Uint8Array;
  /** RGB, 8 bits a channel, `[H, W, 3]` flattened. */
  readonly attacked: Uint8Array;
  /** What the victim says of the attacked picture. */
  readonly attackedSegmented: Uint8Array;
  readonly perturbation: Perturbation;
}

/**
 * Attacks some scenes of a split, spread evenly over it.
 *
 * @param pool - has both models.
 * @param scenes - a split with its classes in the victim's order.
 * @param count - how many; all of the split where it has fewer.
 * @throws SegprobeError `CANCELLED`, and what reading a scene or the pool throws.
 */
export async function displayScenes(
  pool: InferencePool,
  scenes: Dataset,
  {
    victim,
    attacker,
    count,
    signal,
  }: {
    readonly victim: OpenedModel;
    readonly attacker: OpenedModel;
    readonly count: number;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<DisplayedScene[]> {
  const { inputSize } = victim.facts;
  const found: DisplayedScene[] = [];
  for (const [number, index] of spread(count, scenes.length).entries()) {
    assertNotAborted(signal);
    const scene = await scenes.read(index, inputSize);
    const picture = { ...inputSize, data: scene.image };
    const [clean, { perturbation, data }] = await Promise.all([
      pool.segment(victim.name, picture, { signal }),
      pool.perturb(picture, { attacker: attacker.name, strength: 1 }, picture, { signal }),
    ]);
    const after = await pool.segment(victim.name, { ...inputSize, data }, { signal });
    found.push({
      ...scene,
      split: scenes.split,
      number,
      segmented: clean.labels,
      attacked: data,
      attackedSegmented: after.labels,
      perturbation,
    });
  }
  return found;
}

/** Numbers below `length`, as far apart as may be, from 0 on: `spread(3, 9)` is 0, 3, 6. */
export function spread(count: number, length: number): number[] {
  const taken = Math.min(count, length);
  return Array.from({ length: taken }, (_, i) => Math.floor((i * length) / taken));
}
