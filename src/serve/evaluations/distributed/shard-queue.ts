import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { messageOf } from '../../../shared/errors.js';
import { resultOfParts } from '../count-shards.js';
import type { Runner } from '../runner.js';
import { planShards } from '../shards.js';
import type { EvaluationStore } from '../store.js';
import { PREFIX } from './redis.js';

/** One shard of one evaluation, for a worker. */
export interface ShardJob {
  readonly id: string;
  readonly shard: number;
}

export const SHARD_QUEUE = { name: 'shards', prefix: PREFIX } as const;

/** How often what is unfinished is looked at: whatever was lost on the way is found then. */
const SWEEP_MS = 5000;

/**
 * Puts the shards of evaluations into BullMQ's queue. A shard is there at most once, by its job's id, so that any number of servers and
 * workers may do this, and do it again: what is neither kept nor in the queue is put there, and what is whole is summed up.
 */
export function startShardQueue(deps: {
  readonly store: EvaluationStore;
  readonly redis: Redis;
  readonly logger: Logger;
}): Runner {
  const { store, logger } = deps;
  const queue = new Queue<ShardJob>(SHARD_QUEUE.name, {
    connection: deps.redis,
    prefix: SHARD_QUEUE.prefix,
    defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
  });
  queue.on('error', () => undefined); // The connection tells of itself.

  async function fill(id: string): Promise<void> {
    const evaluation = await store.find(id);
    if (evaluation === undefined) return;
    const parts = await store.parts(id);
    const missing = planShards(evaluation.plan.scenes).filter(({ number }) => !parts.has(number));
    await queue.addBulk(
      missing.map(({ number: shard }) => ({
        name: 'shard',
        data: { id, shard },
        opts: { jobId: `${id}.${shard}` },
      })),
    );
    if (missing.length === 0) await completeIfWhole(store, id);
  }

  let sweeping: Promise<void> = Promise.resolve();
  const sweep = (): void => {
    sweeping = sweeping
      .then(async () => {
        for (const id of await store.unfinished()) await fill(id);
      })
      .catch((error: unknown) =>
        logger.warn(`evaluations were not looked at: ${messageOf(error)}`),
      );
  };
  const timer = setInterval(sweep, SWEEP_MS);
  const unsubscribe = store.onChange((id) => {
    if (id === null) return sweep();
    store.find(id).then(
      (found) => found?.state === 'waiting' && sweep(),
      () => undefined, // The next sweep finds it.
    );
  });
  sweep();
  return {
    shards: {
      count: () => queue.getJobCounts('waiting', 'active', 'delayed'),
      countWorkers: () => queue.getWorkersCount(),
    },
    async close() {
      unsubscribe();
      clearInterval(timer);
      await sweeping;
      await queue.close();
    },
  };
}

/** Sums an evaluation up whose parts are all kept. */
export async function completeIfWhole(store: EvaluationStore, id: string): Promise<void> {
  const evaluation = await store.find(id);
  if (evaluation?.state !== 'active' || evaluation.done < evaluation.plan.scenes) return;
  const parts = await store.parts(id);
  // Another one may have been faster, and forgotten the parts.
  if (parts.size < planShards(evaluation.plan.scenes).length) return;
  const result = resultOfParts(evaluation, parts);
  await store.finish(id, { state: 'completed', result });
}
