import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readAncestorSummary } from '../../../src/export/import/ancestor-summary.js';
import { withTemporaryFolder } from '../../support/temporary-folder.js';

/** As PyTorch-ENet's `save_checkpoint` writes it. */
const SUMMARY = `ARGUMENTS
batch_size: 4
dataset: Cityscapes
dataset_dir: ../Cityscapes/
device: cuda
epochs: 250
height: 512
ignore_unlabeled: True
learning_rate: 0.0005
lr_decay: 0.5
lr_decay_epochs: 50
mode: train
name: ENet
weighing: ENet
weight_decay: 0.0002
width: 1024

BEST VALIDATION
Epoch: 250
Mean IoU: 0.5949690267526815
`;
const CHECKPOINT = { epoch: 250, miou: 0.5949690267526815 };

describe('readAncestorSummary', () => {
  const read = (text: string, checkpoint: { epoch: number | null; miou: number | null }) =>
    withTemporaryFolder(async (folder) => {
      const file = path.join(folder, 'ENet');
      await writeFile(`${file}_summary.txt`, text);
      return readAncestorSummary(file, checkpoint);
    });

  it('reads the options that have a name of ours', async () => {
    assert.deepEqual(await read(SUMMARY, CHECKPOINT), {
      batchSize: 4,
      dataset: 'cityscapes',
      epochs: 250,
      height: 512,
      learningRate: 5e-4,
      lrDecay: 0.5,
      lrDecayEpochs: 50,
      weighing: 'enet',
      weightDecay: 2e-4,
      width: 1024,
      withUnlabeled: false,
    });
  });

  it('reads that unlabelled pixels counted', async () => {
    const options = await read(SUMMARY.replace('unlabeled: True', 'unlabeled: False'), CHECKPOINT);
    assert.equal(options?.withUnlabeled, true);
  });

  it("leaves another checkpoint's summary alone", async () => {
    assert.equal(await read(SUMMARY, { ...CHECKPOINT, epoch: 240 }), undefined);
    assert.equal(await read(SUMMARY, { ...CHECKPOINT, miou: 0.5 }), undefined);
    assert.equal(await read('', { epoch: null, miou: null }), undefined);
  });

  it('does without', () =>
    withTemporaryFolder(async (folder) => {
      assert.equal(await readAncestorSummary(path.join(folder, 'ENet'), CHECKPOINT), undefined);
    }));

  it('refuses a summary that cannot be read', () =>
    withTemporaryFolder(async (folder) => {
      const file = path.join(folder, 'ENet');
      await mkdir(`${file}_summary.txt`);
      await assert.rejects(readAncestorSummary(file, CHECKPOINT), { code: 'FILE_INVALID' });
    }));
});
