import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Logger } from 'pino';
import type { OpenedModel } from '../../inference/open-model.js';
import { SegprobeError, messageOf } from '../../shared/errors.js';
import type { Config } from '../config/schema.js';
import { findDatasets } from './datasets.js';
import { connectRedis } from './distributed/redis.js';
import { openRedisStore } from './distributed/redis-store.js';
import { startShardQueue } from './distributed/shard-queue.js';
import { startEmbeddedRunner } from './embedded/runner.js';
import { openSqliteStore } from './embedded/sqlite-store.js';
import { type Evaluation, isFinished, UPLOAD } from './evaluation.js';
import type { Resources } from './resources.js';
import type { Runner, ShardLoad } from './runner.js';
import type { EvaluationStore } from './store.js';
import { UPLOAD_LIMITS, type UploadLimits } from './upload/limits.js';
import { createUploads, type Uploads } from './upload/uploads.js';

/** Another server may still receive an upload that no evaluation has yet. */
const UPLOAD_AGE_MS = 3_600_000;

/** What the configuration says of evaluations. */
export type EvaluationsConfig = Pick<
  Config,
  'datasets' | 'store' | 'redis' | 'uploads' | 'maxUploadBytes'
>;

/** Evaluations as jobs. */
export interface Evaluations {
  readonly store: EvaluationStore;
  readonly resources: Resources;
  /** Null where pictures cannot be uploaded. */
  readonly uploads: Uploads | null;
  readonly uploadLimits: UploadLimits;
  /** The queue on Redis, once it has started; null without Redis. */
  readonly shards: ShardLoad | null;
  /** Aborts when the service stops: streams of events end. */
  readonly draining: AbortSignal;
  /** Goes on with what is not finished; the models are there. */
  start(): void;
  /** Ends the streams and what runs here; evaluations stay as they are. */
  drain(): Promise<void>;
  /** Gives the store back; nobody asks any more. */
  close(): Promise<void>;
}

/**
 * Opens the evaluations that the service keeps. Without a store they are kept in memory.
 * @throws SegprobeError what is wrong with a data set; `STORE_IN_USE`, `FILE_INVALID` of the store.
 */
export async function openEvaluations(
  config: EvaluationsConfig,
  {
    models,
    logger,
  }: { readonly models: () => ReadonlyMap<string, OpenedModel>; readonly logger: Logger },
): Promise<Evaluations> {
  const datasets = await findDatasets(config.datasets);
  const uploadLimits = { ...UPLOAD_LIMITS, maxBytes: config.maxUploadBytes };
  const backend = config.redis === null ? await embed(config) : distribute(config.redis, logger);
  const { store } = backend;
  const folder = config.uploads ?? backend.uploads;
  const uploads =
    folder === null ? null : createUploads(path.resolve(folder), uploadLimits.maxAtOnce);
  const resources: Resources = { models, datasets, uploads: uploads?.folder ?? null };
  const forget = uploads && (await keepOnlyNeeded(uploads, { ...backend, logger }));
  const draining = new AbortController();
  let runner: Runner | undefined;
  return {
    ...{ store, resources, uploads, uploadLimits },
    draining: draining.signal,
    get shards() {
      return runner?.shards ?? null;
    },
    start() {
      runner = backend.start({ store, resources, logger });
    },
    async drain() {
      draining.abort();
      await runner?.close();
    },
    async close() {
      forget?.();
      await store.close();
      await backend.close();
    },
  };
}

/** Where evaluations are kept, and who does them. */
interface Backend {
  readonly store: EvaluationStore;
  /** Where uploads lie unless told otherwise; null: nowhere. */
  readonly uploads: string | null;
  /** How old an upload must be that nobody needs before it is removed. */
  readonly minAgeMs: number;
  start(deps: {
    readonly store: EvaluationStore;
    readonly resources: Resources;
    readonly logger: Logger;
  }): Runner;
  close(): Promise<void>;
}

/** This process, with a store in a file or in memory. */
async function embed({ store: file, uploads }: EvaluationsConfig): Promise<Backend> {
  const store = openSqliteStore(file ?? ':memory:');
  const temporary =
    file === null && uploads === null
      ? await mkdtemp(path.join(tmpdir(), 'segprobe-uploads-'))
      : undefined;
  return {
    store,
    uploads: temporary ?? `${file}-uploads`,
    minAgeMs: 0,
    start: startEmbeddedRunner,
    close: async () => {
      if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
    },
  };
}

/** Workers on any number of machines, with a store in Redis. */
function distribute(url: string, logger: Logger): Backend {
  const redis = connectRedis(url, 'request', logger);
  const store = openRedisStore(redis, connectRedis(url, 'work', logger));
  return {
    store,
    uploads: null,
    minAgeMs: UPLOAD_AGE_MS,
    start: ({ store: own }) => startShardQueue({ store: own, redis, logger }),
    close: () => Promise.resolve(),
  };
}

/**
 * Finds an evaluation.
 * @throws SegprobeError `EVALUATION_NOT_FOUND`.
 */
export async function findEvaluation(store: EvaluationStore, id: string): Promise<Evaluation> {
  const found = await store.find(id);
  if (found !== undefined) return found;
  throw new SegprobeError(
    'EVALUATION_NOT_FOUND',
    `expected the id of an evaluation, got ${JSON.stringify(id).slice(0, 100)}`,
  );
}

/** Removes the uploads of evaluations that have ended, now and as they end. @returns what ends that. */
async function keepOnlyNeeded(
  uploads: Uploads,
  {
    store,
    logger,
    minAgeMs,
  }: { readonly store: EvaluationStore; readonly logger: Logger; readonly minAgeMs: number },
): Promise<() => void> {
  await store
    .unfinished()
    .then((kept) => uploads.sweep(kept, minAgeMs))
    .catch((error: unknown) => logger.warn(`old uploads were not removed: ${messageOf(error)}`));
  const look = async (id: string): Promise<void> => {
    const found = await store.find(id);
    if (found?.plan.dataset === UPLOAD && isFinished(found.state)) await uploads.remove(id);
  };
  return store.onChange((id) => {
    if (id === null) return;
    look(id).catch((error: unknown) => logger.error(error, `upload ${id} was not removed`));
  });
}
