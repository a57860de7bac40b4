import { CITYSCAPES } from '../../src/shared/classes.js';
import type { AttackerCheckpoint } from '../../src/train/attacker-checkpoint.js';
import { type AttackerShape, createAttacker } from '../../src/train/attackers/index.js';
import { initialWeights, unpackWeights } from '../../src/train/packing.js';

/** An attacker's checkpoint, an autoencoder's unless told otherwise, with the weights that it is born with, as if it had been trained for three epochs. */
export function attackerCheckpoint(
  seed = 1,
  shape: AttackerShape = { model: 'autoencoder', height: 240, width: 480 },
): AttackerCheckpoint {
  const { spec } = createAttacker(shape);
  return {
    state: {
      version: 1,
      kind: 'attacker',
      epoch: 3,
      batch: 0,
      step: 30,
      lossSum: 0,
      seconds: 60,
      metrics: [{ epoch: 1, trainLoss: 1 / 3 }],
      classes: CITYSCAPES.classes.map(({ name, color }) => ({ name, color: [...color] })),
      ignoreIndex: CITYSCAPES.ignoreIndex,
      victim: { name: 'victim', sha256: 'a'.repeat(64) },
      best: { epoch: 3, images: 500, miouAttacked: 0.0625 },
      config: { ...shape, dataset: 'cityscapes' },
    },
    weights: unpackWeights(spec, initialWeights(spec, seed)),
  };
}
