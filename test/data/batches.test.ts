import assert from 'node:assert/strict';
import { loadBatches, type Batch, type LoadBatchesOptions } from '../../src/data/batches.js';
import type { Dataset, Scene } from '../../src/data/dataset.js';
import { createWatchedDataset } from '../support/watched-dataset.js';

/** The size of the watched data set's scenes. */
const SIZE = { height: 2, width: 3 };

describe('loadBatches', () => {
  it('lays scenes out in order, colours as shares of 255 and labels as int32', async () => {
    const [batch] = await collect(createWatchedDataset(3), { batchSize: 2, order: [2, 0] });
    assert.deepEqual(batch!.names, ['scene2', 'scene0']);
    assert.equal(batch!.count, 2);
    // Scene n holds bytes 50n, 50n + 1, …: 18 values of colour, then 6 of label, n each.
    const expected = [2, 0].flatMap((n) => range(18).map((i) => Math.fround((50 * n + i) / 255)));
    assert.deepEqual([...batch!.images], expected);
    assert.deepEqual([...batch!.labels], [...range(6).fill(2), ...range(6).fill(0)]);
    assert.ok(batch!.labels instanceof Int32Array);
  });

  it('turns all 256 values to the float32 nearest to v / 255', async () => {
    const size = { height: 1, width: 256 };
    const dataset = createWatchedDataset(1, {
      read: () => ({
        name: 'all',
        ...size,
        image: Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3)),
        label: new Uint8Array(256),
      }),
    });
    const [batch] = await collect(dataset, { batchSize: 1, size });
    const expected = range(768).map((i) => Math.fround(Math.floor(i / 3) / 255));
    assert.deepEqual([...batch!.images], expected);
  });

  it('makes the last batch of what is left', async () => {
    const batches = await collect(createWatchedDataset(5), { batchSize: 2 });
    assert.deepEqual(
      batches.map(({ count, labels }) => [count, labels.length]),
      [
        [2, 12],
        [2, 12],
        [1, 6],
      ],
    );
  });

  it('gives nothing of nothing', async () => {
    assert.deepEqual(await collect(createWatchedDataset(3), { batchSize: 2, order: [] }), []);
  });

  it('begins at firstBatch as if the batches before it had been taken', async () => {
    const dataset = createWatchedDataset(5);
    const all = await collect(dataset, { batchSize: 2, order: [4, 3, 2, 1, 0] });
    dataset.begun.length = 0;
    const rest = await collect(dataset, { batchSize: 2, order: [4, 3, 2, 1, 0], firstBatch: 1 });
    assert.deepEqual(rest, all.slice(1));
    assert.deepEqual(dataset.begun, [2, 1, 0]);
    assert.deepEqual(await collect(dataset, { batchSize: 2, firstBatch: 3 }), []);
  });

  it('passes each scene and its index through transform', async () => {
    const [batch] = await collect(createWatchedDataset(3), {
      batchSize: 2,
      order: [1, 2],
      transform: (scene, index) => ({ ...scene, label: scene.label.map((k) => 10 * index + k) }),
    });
    assert.deepEqual([...batch!.labels], [...range(6).fill(11), ...range(6).fill(22)]);
  });

  it('has two batches in flight while the consumer holds one, never more', async () => {
    const dataset = createWatchedDataset(20);
    const begunAt: number[] = [];
    for await (const batch of loadBatches(dataset, options(dataset, { batchSize: 3 }))) {
      assert.ok(batch.count > 0);
      begunAt.push(dataset.begun.length);
    }
    // 3 in hand and 6 ahead, then 3 more each time, up to all 20.
    assert.deepEqual(begunAt, [9, 12, 15, 18, 20, 20, 20]);
    assert.equal(dataset.mostInFlight(), 6);
  });

  for (const { workers, expected } of [
    // A batch is in hand, as many as there are workers ahead.
    { workers: 3, expected: [12, 15, 18, 20, 20, 20, 20] },
    { workers: 1, expected: [6, 9, 12, 15, 18, 20, 20] },
    { workers: 0, expected: [3, 6, 9, 12, 15, 18, 20] },
  ]) {
    it(`reads ${workers} batches ahead with ${workers} workers`, async () => {
      const dataset = createWatchedDataset(20);
      const begunAt: number[] = [];
      const loader = loadBatches(dataset, options(dataset, { batchSize: 3, workers }));
      for await (const { count } of loader) {
        assert.equal(count, begunAt.length < 6 ? 3 : 2);
        begunAt.push(dataset.begun.length);
      }
      assert.deepEqual(begunAt, expected);
      assert.equal(dataset.mostInFlight(), Math.max(3, 3 * workers));
    });
  }

  it('fails when the batch of the broken scene is reached, and with nothing left behind', async () => {
    const broken = new Error('scene 5 is broken');
    const dataset = createWatchedDataset(12, {
      failAt: new Map([
        [5, broken],
        [7, new Error('later')],
      ]),
    });
    const counts: number[] = [];
    await assert.rejects(async () => {
      for await (const { count } of loadBatches(dataset, options(dataset, { batchSize: 2 }))) {
        counts.push(count);
      }
    }, broken);
    assert.deepEqual(counts, [2, 2]);
    assert.equal(dataset.inFlight(), 0);
    assert.deepEqual(dataset.begun, [0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('fails as transform fails', async () => {
    const fault = new Error('cannot transform');
    const transform = (): never => {
      throw fault;
    };
    await assert.rejects(collect(createWatchedDataset(3), { batchSize: 2, transform }), fault);
  });

  it('stops reading when the loop is left', async () => {
    const dataset = createWatchedDataset(20);
    for await (const batch of loadBatches(dataset, options(dataset, { batchSize: 2 }))) {
      assert.equal(batch.count, 2);
      break;
    }
    assert.equal(dataset.inFlight(), 0);
    assert.equal(dataset.begun.length, 6);
    await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(dataset.begun.length, 6);
  });

  it('ends with CANCELLED when its signal is aborted', async () => {
    const dataset = createWatchedDataset(20);
    const { signal } = new AbortController();
    const aborted = AbortSignal.abort();
    const controller = new AbortController();
    await assert.doesNotReject(collect(createWatchedDataset(2), { batchSize: 2, signal }));
    await assert.rejects(collect(dataset, { batchSize: 2, signal: aborted }), {
      code: 'CANCELLED',
    });
    assert.equal(dataset.begun.length, 0);
    const taken: Batch[] = [];
    await assert.rejects(
      async () => {
        const loader = loadBatches(
          dataset,
          options(dataset, { batchSize: 2, signal: controller.signal }),
        );
        for await (const batch of loader) {
          taken.push(batch);
          controller.abort();
        }
      },
      { code: 'CANCELLED' },
    );
    assert.equal(taken.length, 1);
    assert.equal(dataset.inFlight(), 0);
  });

  it('counts the seconds that the consumer waits, and none that it works', async () => {
    const dataset = createWatchedDataset(4, { delayMs: 60 });
    const loader = loadBatches(dataset, options(dataset, { batchSize: 1, workers: 4 }));
    assert.equal(loader.waitSeconds, 0);
    for await (const batch of loader) {
      assert.equal(batch.count, 1);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    // All four are read at once: the first is waited for, the others are ready. Four delays would be 0.24 s.
    assert.ok(loader.waitSeconds >= 0.055, `${loader.waitSeconds}`);
    assert.ok(loader.waitSeconds < 0.15, `${loader.waitSeconds}`);
  });

  for (const { name, change } of [
    { name: 'another width', change: { width: 4 } },
    { name: 'another height', change: { height: 4 } },
  ]) {
    it(`refuses a scene of ${name}`, async () => {
      const transform = (scene: Scene): Scene => ({ ...scene, ...change });
      await assert.rejects(collect(createWatchedDataset(1), { batchSize: 1, transform }), {
        code: 'SHAPE_MISMATCH',
        message: /^scene0: expected a scene of 3×2, got (4×2|3×4)$/,
      });
    });
  }

  it('refuses a batch size that is no positive whole number, and workers that are less than none', () => {
    const dataset = createWatchedDataset(1);
    const load = (own: Partial<LoadBatchesOptions>) => () =>
      loadBatches(dataset, options(dataset, { batchSize: 1, ...own }));
    for (const batchSize of [0, -1, 1.5, NaN]) assert.throws(load({ batchSize }), RangeError);
    for (const workers of [-1, 1.5, NaN]) assert.throws(load({ workers }), RangeError);
  });
});

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

type Options = Partial<LoadBatchesOptions> & { readonly batchSize: number };

function options(dataset: Dataset, own: Options): LoadBatchesOptions {
  return { size: SIZE, order: range(dataset.length), ...own };
}

async function collect(dataset: Dataset, own: Options): Promise<Batch[]> {
  const batches: Batch[] = [];
  for await (const batch of loadBatches(dataset, options(dataset, own))) batches.push(batch);
  return batches;
}
