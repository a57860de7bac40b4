import type { TrainConfig } from './config.js';

/** The exponent of the poly schedule, as in DeepLab (arXiv:1606.00915). */
const POLY_POWER = 0.9;

/** What the learning rate depends on. */
export type ScheduleConfig = Pick<
  TrainConfig,
  'schedule' | 'learningRate' | 'lrDecay' | 'lrDecayEpochs' | 'warmupEpochs' | 'epochs'
>;

/**
 * The learning rate of one step.
 *
 * @param step - steps done before, from 0.
 * @param stepsPerEpoch - steps of a whole epoch.
 */
export function learningRateAt(
  config: ScheduleConfig,
  step: number,
  stepsPerEpoch: number,
): number {
  const { schedule, lrDecay, lrDecayEpochs, warmupEpochs } = config;
  const done = Math.min(1, step / (config.epochs * stepsPerEpoch));
  const warmth = Math.min(1, (step + 1) / (warmupEpochs * stepsPerEpoch));
  const learningRate = config.learningRate * warmth;
  switch (schedule) {
    case 'step':
      return learningRate * lrDecay ** Math.floor(step / (stepsPerEpoch * lrDecayEpochs));
    case 'poly':
      return learningRate * (1 - done) ** POLY_POWER;
    case 'cosine':
      return (learningRate * (1 + Math.cos(Math.PI * done))) / 2;
  }
}

/**
 * How much of the moving average a step leaves: less at first, so that the first weights are soon forgotten.
 * @param step - counted from 1.
 */
export function averageDecayAt(decay: number, step: number): number {
  return Math.min(decay, step / (step + 9));
}
