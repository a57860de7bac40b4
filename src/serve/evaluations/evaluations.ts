import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Logger } from 'pino';
import type { OpenedModel } from '../../inference/open-model.js';
import { SegprobeError } from '../../shared/errors.js';
import type { Config } from '../config/schema.js';
import { findDatasets } from './datasets.js';
import { type Runner, startEmbeddedRunner } from './embedded-runner.js';
import { type Evaluation, isFinished, UPLOAD } from './evaluation.js';
import type { Resources } from './resources.js';
import { openSqliteStore } from './sqlite-store.js';
import type { EvaluationStore } from './store.js';
import { UPLOAD_LIMITS, type UploadLimits } from './upload/limits.js';
import { createUploads, type Uploads } from './upload/uploads.js';

/** A store that ends with the process. */
const MEMORY = ':memory:';

/** What the configuration says of evaluations. */
export type EvaluationsConfig = Pick<Config, 'datasets' | 'store' | 'uploads' | 'maxUploadBytes'>;

/** Evaluations as jobs. */
export interface Evaluations {
  readonly store: EvaluationStore;
  readonly resources: Resources;
  /** Null where pictures cannot be uploaded. */
  readonly uploads: Uploads | null;
  readonly uploadLimits: UploadLimits;
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
  const file = config.store ?? MEMORY;
  const store = openSqliteStore(file);
  const temporary =
    config.uploads === null && file === MEMORY
      ? await mkdtemp(path.join(tmpdir(), 'segprobe-uploads-'))
      : undefined;
  const folder = path.resolve(config.uploads ?? temporary ?? `${file}-uploads`);
  const uploads = createUploads(folder, uploadLimits.maxAtOnce);
  await uploads.sweep(await store.unfinished(), 0);
  const forget = removeWithEvaluations(store, uploads, logger);
  const resources: Resources = { models, datasets, uploads: folder };
  let runner: Runner | undefined;
  const draining = new AbortController();
  return {
    ...{ store, resources, uploads, uploadLimits },
    draining: draining.signal,
    start() {
      runner = startEmbeddedRunner({ store, resources, logger });
    },
    async drain() {
      draining.abort();
      await runner?.close();
    },
    async close() {
      forget();
      await store.close();
      if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
    },
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

/** Removes uploaded pictures when their evaluation ends. */
function removeWithEvaluations(
  store: EvaluationStore,
  uploads: Uploads,
  logger: Logger,
): () => void {
  const look = async (id: string): Promise<void> => {
    const found = await store.find(id);
    if (found?.plan.dataset === UPLOAD && isFinished(found.state)) await uploads.remove(id);
  };
  return store.onChange((id) => {
    look(id).catch((error: unknown) => logger.error(error, `upload ${id} was not removed`));
  });
}
