import type { Dataset } from '../data/dataset.js';
import { createTrainableAttacker } from './attacker.js';
import type { Checkpoint } from './checkpoint.js';
import { batchSizesOf } from './evaluate.js';
import { type AttackEvaluation, evaluateAttacker } from './evaluate-attacker.js';
import type { FrozenAttacker } from './hardening.js';
import { createModel } from './models/index.js';
import { packWeights } from './packing.js';

export interface UnderAttackOptions {
  readonly victim: Pick<Checkpoint, 'state' | 'weights'> & { readonly weightsFile: string };
  readonly attacker: FrozenAttacker;
  readonly dataset: Dataset;
  readonly limit?: number | undefined;
  readonly batchSize: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Measures a victim's checkpoint under an attacker's, both as they are, on a split.
 * @throws SegprobeError as `evaluateAttacker`, and `CHECKPOINT_INVALID` for weights that are not their network's.
 */
export async function scoreUnderAttack(options: UnderAttackOptions): Promise<AttackEvaluation> {
  const { victim, attacker, dataset, limit, batchSize, signal } = options;
  const { height, width, model: modelName } = victim.state.config;
  const model = createModel(modelName, { classCount: dataset.classTable.classes.length });
  const { config } = attacker.state;
  const live = createTrainableAttacker({
    shape: { ...config, height, width },
    weights: attacker.weights,
    weightsFile: attacker.weightsFile,
    victim: { model, weights: packWeights(model.spec, victim.weights, victim.weightsFile) },
    scoreBatchSizes: batchSizesOf(Math.min(limit ?? Infinity, dataset.length), batchSize),
  });
  try {
    const maxLinf = config.norm === 'linf' ? config.epsilon : undefined;
    const size = { height, width };
    return await evaluateAttacker(live, dataset, { batchSize, size, limit, signal, maxLinf });
  } finally {
    live.dispose();
  }
}
