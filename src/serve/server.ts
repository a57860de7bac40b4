import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { createInferencePool } from '../inference/pool.js';
import { openModels, type OpenedModel } from '../inference/open-model.js';
import { createReloadablePool } from '../inference/reloadable-pool.js';
import { SegprobeError } from '../shared/errors.js';
import { createApp } from './app.js';
import type { Readiness } from './app.js';
import { assertSafeHost, isLoopback } from './auth.js';
import { type Config, DEFAULT_CONFIG } from './config/schema.js';
import { openEvaluations } from './evaluations/evaluations.js';
import { refuseMalformed } from './refuse-malformed.js';
import { watchModels } from './watch-models.js';

/** Settings that are not there are the defaults. */
export interface ServerOptions extends Partial<Omit<Config, 'models'>> {
  readonly models: readonly OpenedModel[];
  /** Where they lie: without it they cannot be taken up anew. */
  readonly modelsFolder?: string;
  readonly logger: Logger;
}

/** A server that listens. */
export interface RunningServer {
  readonly url: string;
  readonly port: number;
  /**
   * True when the models are loaded and warm, false when the server was closed before; rejects, with the server closed,
   * if one is not usable.
   */
  readonly ready: Promise<boolean>;
  /**
   * Takes up the models as they lie on disk now; requests go on meanwhile.
   * @returns whether it could; if not, the log says why, and the old models serve on.
   */
  reload(): Promise<boolean>;
  /** Takes no further request, lets the ones in flight finish, and gives everything back. */
  close(): Promise<void>;
}

/** Where others reach the service, unless told otherwise. */
const REQUESTS_PER_MINUTE = 600;
/** How often slow requests are looked for, at least. */
const MAX_CHECK_INTERVAL_MS = 10_000;
const IDLE_CHECK_MS = 50;

/**
 * Listens and loads the models.
 * @throws SegprobeError `ADDRESS_UNAVAILABLE`, e.g. for a port in use, `USAGE` for an address without protection; as `openEvaluations`.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { models, modelsFolder, logger, ...settings } = options;
  const config = { ...DEFAULT_CONFIG, ...settings };
  const { host, port } = config;
  assertSafeHost(config);
  const rateLimit = config.rateLimit ?? (isLoopback(host) ? 0 : REQUESTS_PER_MINUTE);
  let state: Readiness = 'loading';
  const requestTimeout = config.requestSeconds * 1000;
  const server = createServer({
    requestTimeout,
    headersTimeout: requestTimeout,
    connectionsCheckingInterval: Math.min(requestTimeout / 4, MAX_CHECK_INTERVAL_MS),
  });
  const evaluations = await openEvaluations(config, { models: () => pool.models, logger });
  await listen(server, host, port).catch(async (error: unknown) => {
    await evaluations.close();
    throw error;
  });

  const pool = createReloadablePool(models, (own) =>
    createInferencePool({
      models: own,
      maxQueue: config.maxQueue,
      provider: config.provider,
      ...(config.workers !== null && { workers: config.workers }),
      onWorkerError: (error) => logger.error(error, 'a worker died'),
    }),
  );
  evaluations.start();
  const app = createApp({
    ...{ pool, logger, evaluations },
    readiness: () => state,
    config: { ...config, rateLimit },
  });
  server.on('request', app).on('checkExpectation', app);
  refuseMalformed(server, logger);
  server.on('checkContinue', (request, response) => {
    // A client that asks before it sends is told at once that its body is too long.
    const declared = Number(request.headers['content-length'] ?? 0);
    const isUpload = request.url?.startsWith('/evaluations') ?? false;
    if (declared <= (isUpload ? config.maxUploadBytes : config.maxBodyBytes)) {
      response.writeContinue();
    }
    app(request, response);
  });

  const reload = async (): Promise<boolean> => {
    try {
      if (modelsFolder === undefined) throw new Error('expected a folder of models, got none');
      // A second pool beside the first would be a second thread on WebGPU.
      if (pool.provider.provider === 'webgpu')
        throw new Error('WebGPU takes models up by a restart');
      await pool.reload(() => openModels(modelsFolder));
      logger.info({ models: [...pool.models.keys()] }, 'took up the models');
      return true;
    } catch (error) {
      logger.error(error, 'models could not be taken up; those before serve on');
      return false;
    }
  };
  let stopWatching: (() => void) | undefined;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    state = 'draining';
    stopWatching?.();
    closing ??= Promise.all([evaluations.drain(), drain(server, config.drainSeconds * 1000)])
      .then(() => Promise.all([evaluations.close(), pool.close()]))
      .then(() => undefined);
    return closing;
  };
  const ready = pool.warmUp().then(
    () => {
      const { provider, refusals } = pool.provider;
      if (refusals.length === 0) logger.info({ provider }, 'loaded the models');
      else logger.warn({ provider, refusals }, `asked for ${config.provider}, runs on ${provider}`);
      if (state === 'loading') state = 'ready';
      if (state === 'ready' && config.watch && modelsFolder !== undefined) {
        stopWatching = watchModels(modelsFolder, logger, () => void reload());
      }
      return state === 'ready';
    },
    async (error: unknown) => {
      // Closed while it loaded: as was asked for.
      if (state === 'draining') return false;
      await close();
      throw error;
    },
  );
  // Whoever does not wait for it is not ended by it.
  ready.catch(() => undefined);
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    port: bound,
    ready,
    reload,
    close,
  };
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const found = LISTEN_FAULTS[code ?? ''] ?? `${code}`;
    throw new SegprobeError(
      'ADDRESS_UNAVAILABLE',
      `expected to listen on ${host}, port ${port}, got ${found} (choose others with --host and --port)`,
      { cause },
    );
  }
}

const LISTEN_FAULTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'a port that another program uses',
  EACCES: 'no permission',
  EADDRNOTAVAIL: 'an address that this machine has not',
  ENOTFOUND: 'a host name that does not exist',
};

async function drain(server: Server, timeoutMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A connection that is kept alive becomes idle only after its answer.
  const sweep = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
  const deadline = setTimeout(() => server.closeAllConnections(), timeoutMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(deadline);
}
