import { createConfusionMatrix, mergeConfusionMatrix } from './confusion-matrix.js';
import {
  addFigures,
  createEvaluationTally,
  type EvaluationTally,
  figuresOf,
  type SceneCounts,
  type SceneFigures,
} from './evaluation.js';

/**
 * What was counted on some scenes in a row. It is plain data that JSON keeps to the last bit, so that parts counted at
 * other times and on other machines make the whole: pixels are whole numbers, which add up alike in any order; figures are
 * kept scene by scene and added in the scenes' order.
 */
export interface EvaluationPart {
  /** The confusion matrix of the clean pictures, `[given, predicted]` flattened. */
  readonly clean: readonly number[];
  /** That of the attacked pictures; null without an attacker. */
  readonly attacked: readonly number[] | null;
  /** In the scenes' order. */
  readonly scenes: readonly SceneFigures[];
}

/** Makes a part of scenes in a row. */
export function toEvaluationPart(
  scenes: readonly SceneCounts[],
  { classCount, ignoreIndex }: { readonly classCount: number; readonly ignoreIndex: number },
): EvaluationPart {
  const [clean, attacked] = [createConfusionMatrix(classCount), createConfusionMatrix(classCount)];
  for (const { matrix, attack } of scenes) {
    mergeConfusionMatrix(clean, matrix);
    if (attack !== null) mergeConfusionMatrix(attacked, attack.matrix);
  }
  return {
    clean: [...clean.counts],
    attacked: scenes.some(({ attack }) => attack !== null) ? [...attacked.counts] : null,
    scenes: scenes.map((counts) => figuresOf(counts, ignoreIndex)),
  };
}

/**
 * Adds parts up, which stand in their scenes' order.
 * @returns the same tally, to the last bit, as of the scenes one by one.
 * @throws SegprobeError `SHAPE_MISMATCH` for a part of other classes.
 */
export function tallyParts(parts: Iterable<EvaluationPart>, classCount: number): EvaluationTally {
  const tally = createEvaluationTally(classCount);
  const toMatrix = (counts: readonly number[]) => ({
    classCount: Math.sqrt(counts.length),
    counts: Float64Array.from(counts),
  });
  for (const { clean, attacked, scenes } of parts) {
    mergeConfusionMatrix(tally.clean.matrix, toMatrix(clean));
    if (attacked !== null) mergeConfusionMatrix(tally.attacked.matrix, toMatrix(attacked));
    for (const figures of scenes) addFigures(tally, figures);
  }
  return tally;
}
