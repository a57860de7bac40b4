import { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { ScenePool } from '../../../inference/scene-pool.js';
import { isSegprobeError, messageOf } from '../../../shared/errors.js';
import type { SceneCounts } from '../../../shared/evaluation.js';
import { countShards } from '../count-shards.js';
import { type Evaluation, isFinished } from '../evaluation.js';
import { toFailure } from '../failure.js';
import { type OpenedPlan, openPlan, openPool, type Resources } from '../resources.js';
import type { Runner } from '../runner.js';
import { planShards } from '../shards.js';
import type { EvaluationStore } from '../store.js';
import { completeIfWhole, SHARD_QUEUE, type ShardJob } from './shard-queue.js';

/** How long a worker that has died keeps its shard; one that lives says so more often. */
const LOCK_MS = 5000;
const STALLED_CHECK_MS = 2000;
/** A shard that so many workers died of is what they died of. */
const MAX_DEATHS = 10;

/** An evaluation that is open for counting. */
interface Opened extends OpenedPlan {
  readonly id: string;
  readonly pool: ScenePool<SceneCounts>;
  /** What the pool was made for. */
  readonly made: string;
}

/**
 * Takes shards of evaluations from the queue, one at a time, and counts them. One that dies costs its shard, which another takes
 * up; a shard that was counted twice is kept once.
 */
export function startShardWorker(deps: {
  readonly store: EvaluationStore;
  readonly redis: Redis;
  readonly resources: Resources;
  readonly logger: Logger;
  /** Scenes that are counted at once. */
  readonly threads: number;
}): Runner {
  const { store, resources, logger, threads } = deps;
  // The models stay loaded as long as evaluations are of the same.
  let opened: Opened | undefined;

  async function count({ id, shard }: ShardJob): Promise<void> {
    const evaluation = await store.find(id);
    if (evaluation === undefined || isFinished(evaluation.state)) return;
    if (!(await store.begin(id))) return;
    try {
      const { scenes, pool } = await open(evaluation);
      const shards = planShards(evaluation.plan.scenes).filter(({ number }) => number === shard);
      await countShards(scenes, pool, {
        shards,
        keep: async (_shard, part) => void (await store.addPart(id, shard, part)),
        signal: NEVER,
      });
      await completeIfWhole(store, id);
    } catch (error) {
      // Without Redis nothing can be told; the shard is put into the queue again.
      if (isSegprobeError(error, 'BACKEND_UNAVAILABLE')) throw error;
      if (!isSegprobeError(error)) logger.error(error, `evaluation ${id} failed`);
      await store.finish(id, toFailure(error, id, resources));
    }
  }

  async function open({ id, plan }: Evaluation): Promise<Opened> {
    if (opened?.id === id) return opened;
    const made = JSON.stringify([plan.sha256, plan.classTable]);
    const own = await openPlan(id, plan, resources);
    try {
      const before = opened;
      if (before?.made !== made) await release();
      else await before.scenes.close();
      const pool =
        before?.made === made ? before.pool : await openPool(own, { threads, background: false });
      opened = { ...own, id, made, pool };
      return opened;
    } catch (error) {
      await own.scenes.close();
      throw error;
    }
  }

  async function release(): Promise<void> {
    const own = opened;
    opened = undefined;
    await own?.pool.close();
    await own?.scenes.close();
  }

  const worker = new Worker<ShardJob>(SHARD_QUEUE.name, (job) => count(job.data), {
    connection: deps.redis,
    prefix: SHARD_QUEUE.prefix,
    concurrency: 1,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_CHECK_MS,
    maxStalledCount: MAX_DEATHS,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  });
  worker.on('error', () => undefined); // The connection tells of itself.
  worker.on('failed', (job, error) => {
    logger.warn(`shard ${job?.id} was not counted: ${messageOf(error)}`);
    if (job === undefined || !/stalled more than/.test(error.message)) return;
    const failedReason = `Shard ${job.data.shard} was tried ${MAX_DEATHS + 1} times, and its worker died each time.`;
    store
      .finish(job.data.id, { state: 'failed', failedReason, failedCode: 'INTERNAL' })
      .catch((cause: unknown) => logger.error(cause));
  });
  return {
    async close() {
      await worker.close();
      await release();
    },
  };
}

const NEVER = new AbortController().signal;
