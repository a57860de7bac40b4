import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { importCheckpoint } from '../../../src/export/import/index.js';
import type { Safetensor } from '../../../src/shared/safetensors.js';
import { readCheckpoint } from '../../../src/train/checkpoint.js';
import type { NamedTensors } from '../../../src/train/packing.js';
import { scratchFolder } from '../../support/scratch-folder.js';
import { useNativeTensorFlow } from '../../support/tensorflow.js';
import { TINY, trainTiny } from '../../support/training.js';
import { type Plain, pytorchFile } from './pytorch-file.js';

const OPTIONS = { ...TINY, dataset: 'sample' } as const;

/** What PyTorch-ENet would save of a training that has done an epoch. */
function asPyTorchSaves(latest: NamedTensors, step: number): Record<string, Plain> {
  const part = (prefix: string): Record<string, Safetensor> => {
    const own = [...latest].filter(([name]) => name.startsWith(prefix));
    return Object.fromEntries(own.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
  };
  const [weights, first, second] = ['weights.', 'exp_avg.', 'exp_avg_sq.'].map(part);
  const names = Object.keys(weights!).filter((name) => first![name] !== undefined);
  const states = names.map((name, i): [number, Plain] => [
    i,
    { step, exp_avg: first![name]!, exp_avg_sq: second![name]! },
  ]);
  const group = {
    ...{ lr: 5e-4, betas: [0.9, 0.999], eps: 1e-8, weight_decay: 2e-4 },
    params: names.map((_, i) => i),
  };
  const optimizer = { state: new Map(states), param_groups: [group] };
  return { epoch: 1, miou: 0, state_dict: weights!, optimizer };
}

describe('trainVictim, resuming an imported checkpoint', function () {
  this.timeout(120_000);
  useNativeTensorFlow();
  let save: string;
  let remove: () => Promise<void>;
  let saved: Record<string, Plain>;
  const own = (): string => path.join(save, 'own');

  before(async () => {
    ({ folder: save, remove } = await scratchFolder());
    await trainTiny(own(), { config: { ...OPTIONS, epochs: 1 } });
    const { optimizer, state } = await readCheckpoint(own());
    saved = asPyTorchSaves(optimizer!, state.step);
  });
  after(() => remove?.());

  async function importAs(
    name: string,
    value: Plain,
    batchSize: number = TINY.batchSize,
  ): Promise<string> {
    const file = path.join(save, `${name}.pt`);
    await writeFile(file, pytorchFile(value));
    const options = { ...OPTIONS, batchSize };
    await importCheckpoint({ file, name, saveDir: save, existing: 'refuse', options });
    return path.join(save, name);
  }
  const resume = (folder: string, config = {}): Promise<unknown> =>
    trainTiny(folder, { existing: 'resume', config: { ...OPTIONS, epochs: 2, ...config } });

  it("goes on from PyTorch's Adam bit for bit as from its own", async () => {
    const imported = await importAs('whole', saved);
    await resume(imported);
    await resume(own());
    const latest = (folder: string): Promise<Buffer> =>
      readFile(path.join(folder, 'optimizer.safetensors'));
    assert.ok((await latest(imported)).equals(await latest(own())));
    const { state } = await readCheckpoint(imported);
    assert.deepEqual([state.epoch, state.step, state.scenes], [2, 6, 5]);
    assert.deepEqual(state.classWeights, new Array(12).fill(1).fill(0, 11));
    assert.equal(state.importedFrom?.file, 'whole.pt');
  });

  it('refuses to go on without the state of Adam, and says what can be done', async () => {
    const imported = await importAs('weights', { ...saved, optimizer: null });
    await assert.rejects(resume(imported), {
      code: 'CHECKPOINT_INVALID',
      message:
        /expected the optimizer's state to resume from, got none in weights\.pt; .* pass --pretrained weights and another --name$/,
    });
  });

  it("refuses to go on where an epoch had another number of steps: the rate's schedule would be another", async () => {
    const imported = await importAs('batches', saved, 5);
    await assert.rejects(resume(imported, { batchSize: 5 }), {
      code: 'USAGE',
      message:
        /expected 3 steps an epoch as in the training that is resumed, got 1; import it with its own --batch-size/,
    });
  });
});
