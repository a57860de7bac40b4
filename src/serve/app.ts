import express from 'express';
import type { Express, RequestHandler } from 'express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import { packageVersion } from '../data/package-version.js';
import { createGate } from '../inference/gate.js';
import type { ReloadablePool } from '../inference/reloadable-pool.js';
import { SegprobeError } from '../shared/errors.js';
import { addRoutes } from './add-routes.js';
import { createAnswerCache } from './answer-cache.js';
import { createAttackRoute } from './attack-route.js';
import { identifyClient, requireApiKey } from './auth.js';
import { type Config, DEFAULT_CONFIG } from './config/schema.js';
import { errorHandler } from './error-handler.js';
import type { Evaluations } from './evaluations/evaluations.js';
import { measureEvaluations } from './evaluations/metrics.js';
import { createEvaluationRoutes } from './evaluations/routes.js';
import { logRequests } from './logger.js';
import { createMetrics, createMetricsRoute } from './metrics.js';
import { createModelRoutes } from './model-routes.js';
import { createOpenInferenceRoutes } from './open-inference-routes.js';
import { createModelFilesRoutes } from './page/model-files-routes.js';
import { createPage } from './page/page-routes.js';
import { createByteBudget } from './read-body.js';
import type { Routes } from './route.js';
import { describeApi } from './openapi/describe-api.js';
import { createDocsRoutes } from './openapi/docs-routes.js';
import { createProbes } from './probes.js';
import { limitRate } from './rate-limit.js';
import { createSegmentRoute } from './segment-route.js';

/** Whether the service takes requests; the server changes it, the app reads it. */
export type Readiness = 'loading' | 'ready' | 'draining';

export interface AppDeps {
  readonly pool: ReloadablePool;
  readonly logger: Logger;
  readonly readiness: () => Readiness;
  /** @defaultValue none: their routes are not there */
  readonly evaluations?: Evaluations | undefined;
  /** @defaultValue {@link DEFAULT_CONFIG} */
  readonly config?: Config;
}

/**
 * Builds the service. It does not listen: `startServer` does.
 *
 * @example
 * const app = createApp({ pool, logger, readiness: () => 'ready' });
 * app.listen(8080);
 */
export function createApp(deps: AppDeps): Express {
  const { pool, logger, readiness, evaluations, config = DEFAULT_CONFIG } = deps;
  // One more than there are workers: a picture is decoded while another is in its worker.
  const gate = createGate({
    running: pool.workers + 1,
    waiting: config.maxQueue,
    maxWaitMs: config.maxWaitMs || undefined,
  });
  const budget = createByteBudget(config.maxBufferedBytes);
  const cache = createAnswerCache(config.cacheBytes);
  const metrics = createMetrics({
    running: () => gate.running,
    waiting: () => gate.waiting,
    mayWait: () => gate.mayWait,
    models: () => [...pool.models.values()].map(({ name, facts: { kind } }) => ({ name, kind })),
    cacheBytes: () => cache.bytes,
    reloads: () => pool.reloads,
    provider: () => pool.provider.provider,
  });
  if (evaluations) measureEvaluations(evaluations, metrics.registry);
  const page = createPage();

  const hasKeys = Object.keys(config.apiKeys).length > 0;
  const isReady = (): boolean => readiness() === 'ready';
  const version = packageVersion();
  const shared = { pool, gate, limits: config, budget, cache, metrics };

  const open: Routes = {
    ...page.routes,
    ...createProbes(isReady),
    ...createDocsRoutes(() => describeApi({ open, closed, version, hasKeys })),
  };
  const closed: Routes = {
    ...createModelRoutes(pool),
    ...createModelFilesRoutes(pool),
    '/metrics': { get: createMetricsRoute(metrics) },
    '/segment': { post: createSegmentRoute(shared) },
    '/attack': { post: createAttackRoute(shared) },
    ...createOpenInferenceRoutes({ ...shared, isReady, version }),
    ...(evaluations && createEvaluationRoutes(evaluations, budget)),
  };

  const app = express();
  app.set('query parser', 'simple').set('trust proxy', config.trustProxy);
  app.use(logRequests(logger), metrics.countRequests);
  app.use(securityHeaders(), refuseWhileDraining(readiness), identifyClient(config.apiKeys));
  addRoutes(app, open);
  app.use(page.files);
  if (config.rateLimit) app.use(limitRate(config.rateLimit));
  if (hasKeys) app.use(requireApiKey);
  addRoutes(app, closed);
  app.use((request) => {
    throw new SegprobeError('NOT_FOUND', `expected a known path, got ${request.path}`);
  });
  app.use(errorHandler);
  return app;
}

function securityHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
        connectSrc: ["'self'", 'blob:'],
        imgSrc: ["'self'", 'blob:', 'data:'],
        mediaSrc: ["'self'", 'blob:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    // The page is isolated (with the opener's policy, which is so by default), so that its threads may share memory.
    crossOriginEmbedderPolicy: true,
    // The service speaks HTTP; whoever puts TLS before it says so there.
    strictTransportSecurity: false,
  });
}

function refuseWhileDraining(readiness: () => Readiness): RequestHandler {
  return (request, response, next) => {
    if (readiness() === 'draining') {
      response.set('Connection', 'close');
      if (request.path !== '/healthz') {
        throw new SegprobeError('SHUTTING_DOWN', 'expected a running service, got one that stops');
      }
    }
    next();
  };
}
