import { SegprobeError } from '../shared/errors.js';
import type { Dataset, Scene, Size } from './dataset.js';
import { readAhead } from './read-ahead.js';

const CHANNELS = 3;
/** Each 8-bit value as a share of 255, to float32's nearest. */
const SHARES = Float32Array.from({ length: 256 }, (_, value) => value / 255);

/** Scenes as the arrays that training takes. The consumer owns them. */
export interface Batch {
  readonly names: readonly string[];
  /** RGB in 0..1, `[N, H, W, 3]` flattened. */
  readonly images: Float32Array;
  /** Class numbers, `[N, H, W]` flattened. */
  readonly labels: Int32Array;
  /** N: `batchSize`, or what is left for the last batch. */
  readonly count: number;
}

export interface LoadBatchesOptions {
  /** Scenes a batch. */
  readonly batchSize: number;
  readonly size: Size;
  /** The scenes of all batches, by index, in this order. */
  readonly order: readonly number[];
  /** How many batches are read in advance of the one in the consumer's hands; 0: each when it is asked for. @defaultValue 2 */
  readonly workers?: number | undefined;
  /** The number of the batch to begin at, as after a resumption: those before it are not read. @defaultValue 0 */
  readonly firstBatch?: number | undefined;
  /** Changes each scene as soon as it is read, e.g. augmentation; `index` is the scene's in the data set. */
  readonly transform?: ((scene: Scene, index: number) => Scene) | undefined;
  /** Ends the loading with `CANCELLED`. */
  readonly signal?: AbortSignal | undefined;
}

/** Batches to be taken with `for await`, and how long that took. */
export interface BatchLoader extends AsyncIterable<Batch> {
  /** Seconds that the consumer has waited for batches so far, the first one's included. */
  readonly waitSeconds: number;
}

/**
 * Loads batches ahead of the consumer.
 *
 * Reading begins with the loop and stops with it. `workers` batches of scenes of 4 · H · W bytes are held at most, beside the
 * batch that the consumer has. A scene that cannot be read fails the loop when its batch comes, not before.
 *
 * @throws RangeError where `batchSize` is no positive whole number, or `workers` no whole number of 0 or more. The loop throws what reading
 *   throws, SegprobeError `SHAPE_MISMATCH` for a scene of another size, and `CANCELLED`.
 */
export function loadBatches(dataset: Dataset, options: LoadBatchesOptions): BatchLoader {
  const { batchSize, size, order, workers = 2, firstBatch = 0 } = options;
  assertWhole('batchSize', batchSize, 1);
  assertWhole('workers', workers, 0);
  let waitSeconds = 0;

  async function* iterate(): AsyncGenerator<Batch, void, undefined> {
    const batches = readAhead(dataset, {
      size,
      order: order.slice(firstBatch * batchSize),
      groupSize: batchSize,
      ahead: workers * batchSize,
      collect: (scenes) => toBatch(scenes, size),
      transform: options.transform,
      signal: options.signal,
    });
    let asked = performance.now();
    for await (const batch of batches) {
      waitSeconds += (performance.now() - asked) / 1000;
      yield batch;
      asked = performance.now();
    }
  }

  return {
    [Symbol.asyncIterator]: iterate,
    get waitSeconds() {
      return waitSeconds;
    },
  };
}

function toBatch(scenes: readonly Scene[], size: Size): Batch {
  const pixels = size.height * size.width;
  const images = new Float32Array(scenes.length * pixels * CHANNELS);
  const labels = new Int32Array(scenes.length * pixels);
  scenes.forEach(({ name, height, width, image, label }, n) => {
    if (height !== size.height || width !== size.width) {
      throw new SegprobeError(
        'SHAPE_MISMATCH',
        `${name}: expected a scene of ${size.width}×${size.height}, got ${width}×${height}`,
      );
    }
    writeShares(images, n * pixels * CHANNELS, image);
    labels.set(label, n * pixels);
  });
  return { names: scenes.map(({ name }) => name), images, labels, count: scenes.length };
}

function writeShares(target: Float32Array, start: number, values: Uint8Array): void {
  for (let i = 0; i < values.length; i++) target[start + i] = SHARES[values[i]!]!;
}

function assertWhole(name: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least) {
    throw new RangeError(`expected ${name} to be a whole number of ${least} or more, got ${value}`);
  }
}
