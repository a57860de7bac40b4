import assert from 'node:assert/strict';
import { isSegprobeError } from '../../src/shared/errors.js';
import { parseTrainConfig } from '../../src/train/config.js';

describe('parseTrainConfig', () => {
  it("fills in PyTorch-ENet's defaults", () => {
    assert.deepEqual(parseTrainConfig({}), {
      dataset: 'camvid',
      batchSize: 10,
      epochs: 300,
      learningRate: 5e-4,
      lrDecay: 0.1,
      lrDecayEpochs: 100,
      schedule: 'step',
      weightDecay: 2e-4,
      height: 360,
      width: 480,
      model: 'enet',
      augment: [],
      minScale: 0.5,
      maxScale: 2,
      warmupEpochs: 0,
      emaDecay: 0,
      encoderFirst: false,
      valEvery: 1,
      weighing: 'enet',
      withUnlabeled: false,
      seed: 1,
    });
  });

  const wrong: { options: Record<string, unknown>; message: string }[] = [
    { options: { height: 30 }, message: '--height: expected a multiple of 8, got 30' },
    { options: { batchSize: 0 }, message: '--batch-size: expected a whole number above 0, got 0' },
    { options: { epochs: 1.5 }, message: '--epochs: expected a whole number, got 1.5' },
    { options: { learningRate: 0 }, message: '--learning-rate: expected a number above 0, got 0' },
    { options: { weightDecay: -1 }, message: '--weight-decay: expected 0 or more, got -1' },
    { options: { lr: 1 }, message: 'options: Unrecognized key: "lr"' },
  ];
  for (const { options, message } of wrong) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      assert.throws(
        () => parseTrainConfig(options),
        (error) => isSegprobeError(error, 'USAGE') && error.message === message,
      );
    });
  }
});
