import { batchNormEvaluation, batchNormTraining } from '../kernels/batch-norm.js';
import type { Layer, ModelBuilder } from '../models/model.js';

/** Batch normalisation over N, H and W: by the batch in training, by running statistics in evaluation. */
export function batchNorm(builder: ModelBuilder, name: string, channels: number): Layer {
  const scale = builder.parameter(`${name}.weight`, [channels], { kind: 'constant', value: 1 });
  const offset = builder.parameter(`${name}.bias`, [channels], { kind: 'constant', value: 0 });
  const running = builder.runningStatistics(name, channels);
  return (x, pass) => {
    const [gamma, beta] = [pass.parameter(scale), pass.parameter(offset)];
    if (!pass.training) {
      const { mean, variance } = pass.statistics(running);
      return batchNormEvaluation(x, gamma, beta, mean, variance);
    }
    const { value, batchMean, batchVariance } = batchNormTraining(x, gamma, beta);
    pass.observe(running, batchMean, batchVariance);
    return value;
  };
}
