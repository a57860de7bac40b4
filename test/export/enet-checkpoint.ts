import type { VictimWeights } from '../../src/export/victim-graph.js';
import { CAMVID } from '../../src/shared/classes.js';
import { createRandom } from '../../src/shared/random.js';
import { type Checkpoint, writeCheckpoint } from '../../src/train/checkpoint.js';
import { createEnet } from '../../src/train/models/enet.js';
import { createModel } from '../../src/train/models/index.js';
import {
  initialWeights,
  type NamedTensors,
  unpackParameters,
  unpackWeights,
} from '../../src/train/packing.js';
import { checkpointAt } from '../support/checkpoints.js';

/** Where the numbers that do not start at random lie after training, roughly, by the end of their names. */
const RANGES = [
  { of: /running_mean$/, low: -0.3, high: 0.3 },
  { of: /running_var$/, low: 0.3, high: 1.5 },
  { of: /bias$/, low: -0.5, high: 0.5 },
] as const;
const SCALE = { low: 0.5, high: 1.5 };
const SLOPE = { low: -0.3, high: 0.5 };

/** Draws an ENet in which no number has the value that it starts with: statistics, scales and slopes are drawn as well. */
export function randomEnet(
  classCount: number,
  seed = 1,
  model: VictimWeights['model'] = 'enet',
): VictimWeights {
  const { spec } = createModel(model, { classCount });
  const weights = unpackWeights(spec, initialWeights(spec, seed));
  const random = createRandom(seed, classCount);
  for (const [name, { shape, data }] of weights) {
    const range =
      RANGES.find(({ of }) => of.test(name)) ??
      (shape.length > 1 ? undefined : data.length === 1 ? SLOPE : SCALE);
    if (range === undefined) continue; // A filter is drawn already.
    for (let i = 0; i < data.length; i++) {
      data[i] = range.low + (range.high - range.low) * random();
    }
  }
  return { model, classCount, weights, weightsFile: `random-${seed}.safetensors` };
}

/** A checkpoint of CamVid's classes with such weights. */
export function enetCheckpoint(seed = 1): Checkpoint {
  const checkpoint = checkpointAt(20);
  const { spec } = createEnet({ classCount: CAMVID.classes.length });
  const { weights } = randomEnet(CAMVID.classes.length, seed);
  const moments = unpackParameters(spec, initialWeights(spec, seed).parameters);
  const prefixed = (prefix: string, named: NamedTensors): NamedTensors =>
    new Map([...named].map(([name, tensor]) => [prefix + name, tensor]));
  const optimizer = new Map([
    ...prefixed('weights.', weights),
    ...prefixed('exp_avg.', moments),
    ...prefixed('exp_avg_sq.', moments),
  ]);
  return { ...checkpoint, weights, optimizer };
}

/** Writes {@link enetCheckpoint}, with some of it changed first. */
export async function writeEnetCheckpoint(
  folder: string,
  change: (checkpoint: Checkpoint) => void = () => undefined,
): Promise<Checkpoint> {
  const checkpoint = enetCheckpoint();
  change(checkpoint);
  await writeCheckpoint(folder, checkpoint);
  return checkpoint;
}
