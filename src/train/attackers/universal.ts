import * as tf from '@tensorflow/tfjs';
import type { Size } from '../../data/dataset.js';
import type { Budget } from '../attacks/norm.js';
import { type Model, ModelBuilder } from '../models/model.js';
import { addBounded } from './bounded.js';

/** The first perturbation reaches this share of the budget or so: a start from which gradients lead on. */
const START = 0.1;

/**
 * Builds a universal perturbation: one picture, within the budget by construction, that is added to every picture of its size.
 *
 * @see arXiv:1610.08401, and arXiv:1704.05712 for segmentation
 */
export function createUniversal(budget: Budget, { height, width }: Size): Model {
  const builder = new ModelBuilder();
  const shape = [height, width, 3] as const;
  // Uniform in ±1/√fanIn, that is ±START.
  const initializer = { kind: 'uniform', fanIn: START ** -2 } as const;
  const spec = builder.parameter('perturbation', shape, initializer);
  return builder.build((image, pass) => {
    const raw = tf.reshape<tf.Rank.R4>(pass.parameter(spec), [1, ...shape]);
    return addBounded(image, raw, budget);
  });
}
