import type { Dataset } from '../../data/dataset.js';
import { forEachScene, type ScenePool } from '../../inference/scene-pool.js';
import { type EvaluationPart, tallyParts, toEvaluationPart } from '../../shared/evaluation-part.js';
import { type EvaluationResult, resultOf, type SceneCounts } from '../../shared/evaluation.js';
import type { Evaluation } from './evaluation.js';
import type { Shard } from './shards.js';

/**
 * Counts shards one after the other, without a pause between them.
 *
 * @param scenes - with the victim's classes, in its order.
 * @param keep - takes each shard's part as soon as it is whole; counting waits for it.
 * @throws SegprobeError `CANCELLED`, and what reading a scene or a model refuses with.
 */
export async function countShards(
  scenes: Dataset,
  pool: ScenePool<SceneCounts>,
  {
    shards,
    keep,
    signal,
  }: {
    readonly shards: readonly Shard[];
    readonly keep: (shard: Shard, part: EvaluationPart) => Promise<void>;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { classes, ignoreIndex } = scenes.classTable;
  const table = { classCount: classes.length, ignoreIndex };
  let at = 0;
  let counted: SceneCounts[] = [];
  await forEachScene(scenes, pool, {
    order: shards.flatMap(({ order }) => order),
    add: async (counts) => {
      counted.push(counts);
      const shard = shards[at]!;
      if (counted.length < shard.order.length) return;
      const part = toEvaluationPart(counted, table);
      [at, counted] = [at + 1, []];
      await keep(shard, part);
    },
    signal,
  });
}

/** Sums up an evaluation that is active and whose parts are all there. Its speed is from beginning to end, interruptions included. */
export function resultOfParts(
  { plan, processedOn }: Evaluation,
  parts: ReadonlyMap<number, EvaluationPart>,
): EvaluationResult {
  const inOrder = [...parts].sort(([a], [b]) => a - b).map(([, part]) => part);
  const tally = tallyParts(inOrder, plan.classTable.classes.length);
  const seconds = Math.max(1, Date.now() - processedOn!) / 1000;
  const { victim, attacker, dataset, split } = plan;
  return resultOf(tally, plan.classTable, { victim, attacker, dataset, split }, seconds);
}
