import { parseTrainConfig } from '../../src/train/config.js';
import type { Checkpoint } from '../../src/train/checkpoint.js';
import type { NamedTensors } from '../../src/train/packing.js';
import { CAMVID } from '../../src/shared/classes.js';

/** A checkpoint after `step` steps, ten an epoch; every number in it is `step`. */
export function checkpointAt(step: number, numbers = 6): Checkpoint {
  const epoch = Math.floor(step / 10);
  const tensors = (...names: string[]): NamedTensors =>
    new Map(
      names.map((name) => [
        name,
        { dtype: 'F32', shape: [2, numbers / 2], data: new Float32Array(numbers).fill(step) },
      ]),
    );
  const metrics = Array.from({ length: epoch }, (_, i) => ({ epoch: i + 1, trainLoss: 1 / 3 }));
  const iou = CAMVID.classes.map((_, k) => (k === CAMVID.ignoreIndex ? null : 0.25));
  return {
    state: {
      version: 1,
      epoch,
      batch: step % 10,
      step,
      lossSum: 0.1 + 0.2,
      seconds: 75,
      best: epoch === 0 ? null : { epoch: 1, images: 3, miou: 0.25, pixelAccuracy: 0.5, iou },
      metrics,
      classes: CAMVID.classes.map(({ name, color }) => ({ name, color: [...color] })),
      ignoreIndex: CAMVID.ignoreIndex,
      classWeights: CAMVID.classes.map(() => 1 / 7),
      scenes: 100,
      config: parseTrainConfig({ epochs: 3 }),
    },
    weights: tensors('a.weight'),
    optimizer: tensors('weights.a.weight', 'exp_avg.a.weight', 'exp_avg_sq.a.weight'),
  };
}
