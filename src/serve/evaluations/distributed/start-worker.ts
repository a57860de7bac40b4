import { availableParallelism } from 'node:os';
import path from 'node:path';
import type { Logger } from 'pino';
import type { OpenedModel } from '../../../inference/open-model.js';
import { SegprobeError } from '../../../shared/errors.js';
import type { Config } from '../../config/schema.js';
import { findDatasets } from '../datasets.js';
import type { Resources } from '../resources.js';
import type { Runner } from '../runner.js';
import { connectRedis } from './redis.js';
import { openRedisStore } from './redis-store.js';
import { startShardQueue } from './shard-queue.js';
import { startShardWorker } from './worker.js';

/**
 * Starts a worker for evaluations on the servers' Redis. It waits for Redis where that cannot be reached.
 * @throws SegprobeError `USAGE` without Redis, and what is wrong with a data set.
 */
export async function startWorker(
  config: Pick<Config, 'redis' | 'datasets' | 'uploads' | 'workers'>,
  { models, logger }: { readonly models: readonly OpenedModel[]; readonly logger: Logger },
): Promise<Runner> {
  const { redis: url, uploads } = config;
  if (url === null) {
    throw new SegprobeError('USAGE', 'expected --redis, the Redis of the servers, got none');
  }
  const byName = new Map(models.map((model) => [model.name, model]));
  const resources: Resources = {
    models: () => byName,
    datasets: await findDatasets(config.datasets),
    uploads: uploads === null ? null : path.resolve(uploads),
  };
  const redis = connectRedis(url, 'work', logger);
  const store = openRedisStore(redis, connectRedis(url, 'work', logger));
  const queue = startShardQueue({ store, redis, logger });
  const threads = config.workers ?? availableParallelism();
  const worker = startShardWorker({ store, redis, resources, logger, threads });
  return {
    async close() {
      await Promise.all([worker.close(), queue.close()]);
      await store.close();
    },
  };
}
