import { spatialDropout } from '../kernels/dropout.js';
import type { Layer } from '../models/model.js';

/** Spatial dropout in training, nothing in evaluation. */
export function dropout(probability: number): Layer {
  return (x, pass) =>
    pass.training && probability > 0 ? spatialDropout(x, probability, pass.nextSeed()) : x;
}
