import assert from 'node:assert/strict';
import { drawScene } from '../../../src/data/street/draw-scene.js';
import { openSampleDataset } from '../../../src/data/street/sample-dataset.js';
import { sceneName, sceneSeed } from '../../../src/data/street/scene-seed.js';
import { SPLITS } from '../../../src/data/dataset.js';

const SIZE = { height: 48, width: 64 };

describe('openSampleDataset', () => {
  it('has as many scenes as CamVid, or as many as asked for', async () => {
    const lengths = SPLITS.map((split) => {
      const dataset = openSampleDataset({ split });
      return dataset.close().then(() => dataset.length);
    });
    assert.deepEqual(await Promise.all(lengths), [367, 101, 233]);
    const few = openSampleDataset({ split: 'train', length: 3 });
    assert.equal(few.length, 3);
    await few.close();
  });

  it('reads what drawScene draws, in a thread, at the size asked for', async () => {
    const dataset = openSampleDataset({ split: 'val', length: 4 });
    try {
      const scenes = await Promise.all([0, 1, 2, 3].map((index) => dataset.read(index, SIZE)));
      scenes.forEach((scene, index) => {
        const expected = drawScene(sceneSeed('val', index, 0), SIZE, sceneName('val', index, 0));
        assert.equal(scene.name, `sample-val-00000${index}`);
        assert.deepEqual([scene.height, scene.width], [48, 64]);
        assert.deepEqual(Buffer.from(scene.image), Buffer.from(expected.image));
        assert.deepEqual(Buffer.from(scene.label), Buffer.from(expected.label));
      });
    } finally {
      await dataset.close();
    }
  });

  it('draws on while the main thread is blocked', async () => {
    const dataset = openSampleDataset({ split: 'train' });
    try {
      await dataset.read(0, SIZE); // The thread has started.
      const reads = Array.from({ length: 20 }, (_, i) => dataset.read(i + 1, SIZE));
      await new Promise((resolve) => setImmediate(resolve));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2000);
      const started = performance.now();
      await Promise.all(reads);
      // All of them were drawn meanwhile; only the results are picked up.
      assert.ok(performance.now() - started < 1000);
    } finally {
      await dataset.close();
    }
  });
});

describe('sceneSeed', () => {
  it('gives no two splits, indices or seeds the same scene', () => {
    const seeds = SPLITS.flatMap((split) =>
      [0, 1, 100_000].flatMap((index) => [0, 1, 7].map((seed) => sceneSeed(split, index, seed))),
    );
    assert.equal(new Set(seeds).size, 27);
    assert.ok(seeds.every(Number.isSafeInteger));
  });
});
