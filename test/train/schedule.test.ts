import { parseTrainConfig } from '../../src/train/config.js';
import { learningRateAt } from '../../src/train/schedule.js';
import { assertAllClose } from '../support/all-close.js';
import { TOLERANCE } from '../support/tolerances.js';

describe('learningRateAt', () => {
  // Four epochs of five steps; step 10 is half of them.
  const cases = [
    { schedule: 'step', options: { lrDecayEpochs: 2, lrDecay: 0.5 }, step: 0, rate: 8 },
    { schedule: 'step', options: { lrDecayEpochs: 2, lrDecay: 0.5 }, step: 9, rate: 8 },
    { schedule: 'step', options: { lrDecayEpochs: 2, lrDecay: 0.5 }, step: 10, rate: 8 * 0.5 },
    { schedule: 'step', options: { lrDecayEpochs: 1, lrDecay: 0.5 }, step: 19, rate: 8 * 0.5 ** 3 },
    { schedule: 'poly', options: {}, step: 0, rate: 8 },
    { schedule: 'poly', options: {}, step: 10, rate: 8 * (1 - 10 / 20) ** 0.9 },
    { schedule: 'poly', options: {}, step: 19, rate: 8 * (1 / 20) ** 0.9 },
    { schedule: 'poly', options: {}, step: 25, rate: 0 },
    { schedule: 'cosine', options: {}, step: 0, rate: 8 },
    { schedule: 'cosine', options: {}, step: 5, rate: 8 * (0.5 + Math.SQRT1_2 / 2) },
    { schedule: 'cosine', options: {}, step: 10, rate: 4 },
    { schedule: 'cosine', options: {}, step: 25, rate: 0 },
  ];
  for (const { schedule, options, step, rate } of cases) {
    it(`gives ${rate.toFixed(4)} at step ${step} of ${schedule} ${JSON.stringify(options)}`, () => {
      const config = parseTrainConfig({ schedule, epochs: 4, learningRate: 8, ...options });
      assertAllClose([learningRateAt(config, step, 5)], [rate], TOLERANCE.float64Arithmetic);
    });
  }
});
