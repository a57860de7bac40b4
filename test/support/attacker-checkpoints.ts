import { CITYSCAPES } from '../../src/shared/classes.js';
import type { AttackerCheckpoint } from '../../src/train/attacker-checkpoint.js';
import { createAttacker } from '../../src/train/attackers/index.js';
import { initialWeights, unpackWeights } from '../../src/train/packing.js';

/** An autoencoder's checkpoint, with the weights that it is born with, as if it had been trained for three epochs. */
export function attackerCheckpoint(seed = 1): AttackerCheckpoint {
  const { spec } = createAttacker('autoencoder');
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
      config: { model: 'autoencoder', dataset: 'cityscapes', height: 240, width: 480 },
    },
    weights: unpackWeights(spec, initialWeights(spec, seed)),
  };
}
