import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { EvaluationPart } from '../../../shared/evaluation-part.js';
import { isSegprobeError } from '../../../shared/errors.js';
import { countShards, resultOfParts } from '../count-shards.js';
import { type Evaluation, isFinished } from '../evaluation.js';
import { toFailure } from '../failure.js';
import { openPlan, openPool, type Resources } from '../resources.js';
import type { Runner } from '../runner.js';
import { planShards } from '../shards.js';
import type { EvaluationStore } from '../store.js';

/** Between a failure of the store and the next try. */
const RETRY_MS = 5000;

/**
 * Does the evaluations of a store in this process, one at a time, the oldest first; those that another process left behind are
 * taken up after the last part that was kept.
 */
export function startEmbeddedRunner(deps: {
  readonly store: EvaluationStore;
  readonly resources: Resources;
  readonly logger: Logger;
  /** Scenes that are counted at once. @defaultValue one for every core, which give way to requests */
  readonly threads?: number | undefined;
}): Runner {
  const { store, resources, logger } = deps;
  const closing = new AbortController();
  let current: { readonly id: string; readonly cancel: AbortController } | undefined;
  let wake = (): void => undefined;
  const unsubscribe = store.onChange((id) => {
    wake();
    if (id !== current?.id) return;
    const { cancel } = current;
    store.find(id).then(
      (found) => (found === undefined || isFinished(found.state)) && cancel.abort(),
      () => undefined,
    );
  });

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      const woken = new Promise<void>((resolve) => (wake = resolve));
      const [id] = await store.unfinished();
      if (id === undefined) await woken;
      else await evaluate(id);
    }
  }

  /** What the store itself refuses, such as a full disk, is tried again: an evaluation is not lost by it. */
  async function runOn(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        await run();
      } catch (error) {
        logger.error(error, 'the store of evaluations failed');
        await sleep(RETRY_MS, undefined, { signal: closing.signal }).catch(() => undefined);
      }
    }
  }

  async function evaluate(id: string): Promise<void> {
    const cancel = new AbortController();
    current = { id, cancel };
    const signal = AbortSignal.any([closing.signal, cancel.signal]);
    try {
      if (!(await store.begin(id))) return;
      const evaluation = (await store.find(id))!;
      await countMissing(evaluation, signal);
      const result = resultOfParts(evaluation, await store.parts(id));
      await store.finish(id, { state: 'completed', result });
    } catch (error) {
      // Closed: it goes on when the next process opens the store. Cancelled: it has ended.
      if (signal.aborted && isSegprobeError(error, 'CANCELLED')) return;
      if (!isSegprobeError(error)) logger.error(error, `evaluation ${id} failed`);
      await store.finish(id, toFailure(error, id, resources));
    } finally {
      current = undefined;
    }
  }

  async function countMissing({ id, plan }: Evaluation, signal: AbortSignal): Promise<void> {
    const kept = await store.parts(id);
    const shards = planShards(plan.scenes).filter(({ number }) => !kept.has(number));
    if (shards.length === 0) return;
    const opened = await openPlan(id, plan, resources);
    try {
      const threads = deps.threads ?? availableParallelism();
      const pool = await openPool(opened, { threads, background: true });
      try {
        const keep = async (
          shard: { readonly number: number },
          part: EvaluationPart,
        ): Promise<void> => {
          await store.addPart(id, shard.number, part);
        };
        await countShards(opened.scenes, pool, { shards, keep, signal });
      } finally {
        await pool.close();
      }
    } finally {
      await opened.scenes.close();
    }
  }

  const running = runOn();
  return {
    async close() {
      unsubscribe();
      closing.abort();
      wake();
      await running;
    },
  };
}
