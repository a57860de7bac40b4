import assert from 'node:assert/strict';
import path from 'node:path';
import { readCheckpoint } from '../../src/train/checkpoint.js';
import { parseTrainConfig } from '../../src/train/config.js';
import { trainInParts } from '../../src/train/encoder-first.js';
import type { TrainOptions } from '../../src/train/train.js';
import type { TrainState } from '../../src/train/train-state.js';
import { isSegprobeError } from '../../src/shared/errors.js';
import { createDrawnDataset } from '../support/datasets.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { useNativeTensorFlow } from '../support/tensorflow.js';
import { contentsOf, createNotes, interruptAt, TINY } from '../support/training.js';

describe('trainInParts', function () {
  this.timeout(120_000);
  useNativeTensorFlow();
  let save: string;
  let remove: () => Promise<void>;
  let whole: string;
  const parts: string[] = [];
  const notes = createNotes();

  const train = (folder: string, own: Partial<TrainOptions> = {}): Promise<TrainState> =>
    trainInParts({
      folder,
      train: createDrawnDataset(5),
      val: createDrawnDataset(1, { split: 'val' }),
      existing: 'refuse',
      cacheDir: path.join(save, 'cache'),
      observer: createNotes(),
      config: parseTrainConfig({ ...TINY, encoderFirst: true, encoderEpochs: 3, epochs: 2 }),
      ...own,
      ...{ onPart: (part: string) => void parts.push(part) },
    });

  before(async () => {
    ({ folder: save, remove } = await scratchFolder());
    whole = path.join(save, 'whole');
    await train(whole, { observer: notes });
  });
  after(() => remove());

  it('trains the encoder for its epochs as a checkpoint beside, then the whole for its own', async () => {
    assert.deepEqual(parts.slice(0, 2), ['encoder', 'whole']);
    const encoder = await readCheckpoint(`${whole}-encoder`);
    const { state } = await readCheckpoint(whole);
    assert.deepEqual([encoder.state.config.model, state.config.model], ['enet-encoder', 'enet']);
    assert.deepEqual([encoder.state.epoch, state.epoch], [3, 2]);
  });

  it("begins the whole with the encoder's weights", async () => {
    const { weights } = await readCheckpoint(`${whole}-encoder`);
    const before = path.join(save, 'no-step');
    const { signal, observer } = interruptAt({ step: 1 });
    const config = parseTrainConfig({ ...TINY, learningRate: 1e-12, weightDecay: 0 });
    const encoder = { weights, file: 'encoder' };
    await assert.rejects(train(before, { config, encoder, signal, observer }));
    const { optimizer } = await readCheckpoint(before);
    for (const name of ['initial_block.main_branch.weight', 'dilated3_5.ext_conv2.0.weight']) {
      const [begun, trained] = [optimizer!.get(`weights.${name}`)!, weights.get(name)!];
      (begun.data as Float32Array).forEach((value, i) =>
        assert.ok(Math.abs(value - (trained.data[i] as number)) < 1e-9, name),
      );
    }
  });

  it('is the same to the last bit when either part is interrupted and resumed', async () => {
    const folder = path.join(save, 'interrupted');
    const isCancelled = (error: unknown): boolean => isSegprobeError(error, 'CANCELLED');
    await assert.rejects(train(folder, interruptAt({ step: 4 })), isCancelled);
    // Twice more: within the encoder's last epoch, and in the whole's first.
    let whole2 = 0;
    const controller = new AbortController();
    const observer = createNotes({
      onStart: ({ step }) => void (whole2 += step === 0 ? 1 : 0),
      onStep: () => void (whole2 === 1 && controller.abort()),
    });
    const { signal } = controller;
    await assert.rejects(train(folder, { existing: 'resume', observer, signal }), isCancelled);
    await train(folder, { existing: 'resume' });
    assert.deepEqual(await contentsOf(folder), await contentsOf(whole));
    assert.deepEqual(await contentsOf(`${folder}-encoder`), await contentsOf(`${whole}-encoder`));
  });
});
