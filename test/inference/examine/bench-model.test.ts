import assert from 'node:assert/strict';
import { benchModel, WARM_UP } from '../../../src/inference/examine/bench-model.js';
import { type ModelFile, readModelFile } from '../../../src/inference/examine/model-file.js';
import { scratchFolder } from '../../support/scratch-folder.js';
import { writeTinyVictim } from '../../support/tiny-models.js';

describe('benchModel', () => {
  let file: ModelFile;
  let remove: () => Promise<void>;
  const size = { height: 32, width: 40 };
  before(async () => {
    let folder: string;
    ({ folder, remove } = await scratchFolder());
    file = await readModelFile(await writeTinyVictim(folder, 'tiny', { ballast: 2 }), folder);
  });
  after(() => remove());

  it('times every combination of threads and batch, and the operators', async () => {
    const told: number[] = [];
    const { timings, operators, denormalWeights } = await benchModel(file, {
      threads: [1, 2],
      batches: [1, 3],
      size,
      runs: 5,
      onProgress: (done, total) => told.push(done, total),
    });
    assert.deepEqual(
      timings.map(({ threads, batch }) => [threads, batch]),
      [
        [1, 1],
        [1, 3],
        [2, 1],
        [2, 3],
      ],
    );
    for (const { batch, leastMs, medianMs, p95Ms, imagesPerSecond } of timings) {
      assert.ok(leastMs > 0 && leastMs <= medianMs && medianMs <= p95Ms);
      assert.equal(imagesPerSecond, (1000 * batch) / medianMs);
    }
    assert.deepEqual(told.slice(-2), [4 * (WARM_UP + 5), 4 * (WARM_UP + 5)]);
    assert.equal(denormalWeights, 0);
    // Two convolutions of 64 channels are nearly all of it.
    assert.equal(operators[0]!.operator, 'Conv');
    const shares = operators.reduce((sum, { share }) => sum + share, 0);
    assert.ok(Math.abs(shares - 1) < 1e-9);
    const sum = operators.reduce((total, { milliseconds }) => total + milliseconds, 0);
    assert.ok(sum > 0 && sum < 1000, `expected some milliseconds, got ${sum}`);
  });

  it('ends with CANCELLED when it is aborted', async () => {
    const signal = AbortSignal.abort();
    await assert.rejects(benchModel(file, { threads: [1], batches: [1], size, runs: 5, signal }), {
      code: 'CANCELLED',
    });
  });
});
