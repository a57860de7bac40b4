import { CONTROLS } from '../data/controls/index.js';
import { applyControl, applyControlAt } from '../data/controls/perturb-scenes.js';
import type { Dataset } from '../data/dataset.js';
import type { EvaluationResult } from '../shared/evaluation.js';
import { evaluateDataset, type EvaluateDatasetOptions } from './evaluate-dataset.js';

/** A control that changes pictures as much as an attack did. */
export interface MatchedControl {
  readonly control: string;
  /** What is the same: every picture's PSNR is the attack's mean, or its L∞ the attack's greatest. */
  readonly by: 'psnr' | 'linf';
  readonly result: EvaluationResult;
}

/**
 * Measures the controls beside an attack: at its PSNR all of them, at its L∞ noise.
 *
 * @param attack - what the attack did; its PSNR is null where it changed nothing: there is nothing to compare then.
 * @param seed - what noise is drawn from.
 * @throws SegprobeError as {@link evaluateDataset}.
 */
export async function measureMatched(
  dataset: Dataset,
  attack: Pick<EvaluationResult, 'psnrDb' | 'linf'>,
  { seed, ...options }: EvaluateDatasetOptions & { readonly seed: number },
): Promise<MatchedControl[]> {
  const { psnrDb, linf } = attack;
  if (psnrDb === null || linf === null) return [];
  const found: MatchedControl[] = [];
  const measure = async (
    control: string,
    by: MatchedControl['by'],
    perturb: ReturnType<typeof applyControl>,
  ): Promise<void> => {
    const perturber = { name: control, batchSize: 1, perturb };
    const result = await evaluateDataset(dataset, { ...options, attacker: undefined, perturber });
    found.push({ control, by, result });
  };
  const { noise } = CONTROLS;
  await measure('noise', 'linf', applyControl(noise!, Math.round(255 * linf), seed));
  for (const [name, control] of Object.entries(CONTROLS)) {
    await measure(name, 'psnr', applyControlAt(control, psnrDb, seed));
  }
  return found;
}
