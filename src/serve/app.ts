import express from 'express';
import type { Express, RequestHandler } from 'express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import { CONTROLS } from '../data/controls/index.js';
import { packageVersion } from '../data/package-version.js';
import { createGate } from '../inference/gate.js';
import type { OpenedModel } from '../inference/open-model.js';
import type { InferencePool } from '../inference/pool.js';
import { SegprobeError } from '../shared/errors.js';
import type { ModelFacts } from '../shared/manifest.js';
import { createAttackRoute } from './attack-route.js';
import { identifyClient, requireApiKey } from './auth.js';
import { type Config, DEFAULT_CONFIG } from './config/schema.js';
import { errorHandler } from './error-handler.js';
import type { Evaluations } from './evaluations/evaluations.js';
import { createEvaluationRoutes } from './evaluations/routes.js';
import { readLandingPage } from './landing.js';
import type { Page } from './landing.js';
import { logRequests } from './logger.js';
import { createMetrics, type Metrics } from './metrics.js';
import { createOpenInferenceRoutes } from './open-inference-routes.js';
import { createByteBudget } from './read-body.js';
import { limitRate } from './rate-limit.js';
import { createSamplesRoute } from './samples.js';
import { createSegmentRoute } from './segment-route.js';

/** Whether the service takes requests; the server changes it, the app reads it. */
export type Readiness = 'loading' | 'ready' | 'draining';

export interface AppDeps {
  readonly pool: InferencePool;
  readonly logger: Logger;
  readonly readiness: () => Readiness;
  /** @defaultValue none: their routes are not there */
  readonly evaluations?: Evaluations | undefined;
  /** @defaultValue {@link DEFAULT_CONFIG} */
  readonly config?: Config;
}

type Method = 'get' | 'post' | 'delete';
type Route = Partial<Record<Method, RequestHandler>>;

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
  const gate = createGate({ running: pool.workers + 1, waiting: config.maxQueue });
  const budget = createByteBudget(config.maxBufferedBytes);
  const metrics = createMetrics({
    running: () => gate.running,
    waiting: () => gate.waiting,
    models: () => [...pool.models.values()].map(({ name, facts: { kind } }) => ({ name, kind })),
    provider: pool.provider,
  });
  const page = readLandingPage();

  const open: Record<string, Route> = {
    '/': { get: (_request, response) => void response.type('html').send(page.html) },
    '/healthz': { get: (_request, response) => void response.json({ status: 'alive' }) },
    '/readyz': { get: probeReadiness(readiness) },
    '/samples/:file': { get: createSamplesRoute() },
  };
  const closed: Record<string, Route> = {
    '/models': {
      get: (_request, response) => void response.json({ models: listModels(pool, 'victim') }),
    },
    '/attackers': {
      get: (_request, response) =>
        void response.json({ attackers: listModels(pool, 'attacker'), controls: listControls() }),
    },
    '/metrics': { get: answerMetrics(metrics) },
    '/segment': { post: createSegmentRoute({ pool, gate, limits: config, budget, metrics }) },
    '/attack': { post: createAttackRoute({ pool, gate, limits: config, budget, metrics }) },
    ...createOpenInferenceRoutes({
      ...{ pool, gate, limits: config, budget, metrics },
      isReady: () => readiness() === 'ready',
      version: packageVersion(),
    }),
    ...(evaluations && createEvaluationRoutes(evaluations, budget)),
  };

  const app = express();
  app.set('query parser', 'simple').set('trust proxy', config.trustProxy);
  app.use(logRequests(logger), metrics.countRequests);
  app.use(securityHeaders(page), refuseWhileDraining(readiness), identifyClient(config.apiKeys));
  addRoutes(app, open);
  if (config.rateLimit) app.use(limitRate(config.rateLimit));
  if (Object.keys(config.apiKeys).length > 0) app.use(requireApiKey);
  addRoutes(app, closed);
  app.use((request) => {
    throw new SegprobeError('NOT_FOUND', `expected a known path, got ${request.path}`);
  });
  app.use(errorHandler);
  return app;
}

/** Registers routes; a path's other methods are refused with the list of those it has. */
function addRoutes(app: Express, routes: Readonly<Record<string, Route>>): void {
  for (const [path, route] of Object.entries(routes)) {
    const allowed = Object.keys(route).flatMap((own) =>
      own === 'get' ? ['GET', 'HEAD'] : [own.toUpperCase()],
    );
    for (const [own, handler] of Object.entries(route)) app[own as Method](path, handler);
    app.all(path, (request, response) => {
      response.set('Allow', allowed.join(', '));
      if (request.method === 'OPTIONS') {
        response.status(204).end();
        return;
      }
      throw new SegprobeError(
        'METHOD_NOT_ALLOWED',
        `expected ${allowed.join(' or ')} for ${path}, got ${request.method}`,
      );
    });
  }
}

function securityHeaders({ scriptSources, styleSources }: Page): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'", ...scriptSources],
        styleSrc: ["'self'", ...styleSources],
        imgSrc: ["'self'", 'blob:', 'data:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    // The service speaks HTTP; whoever puts TLS before it says so there.
    strictTransportSecurity: false,
  });
}

/** What Prometheus reads. */
function answerMetrics({ registry }: Metrics): RequestHandler {
  return async (_request, response) => {
    const text = await registry.metrics();
    response.set('Content-Type', registry.contentType).send(Buffer.from(text));
  };
}

function probeReadiness(readiness: () => Readiness): RequestHandler {
  return (_request, response) => {
    if (readiness() === 'loading') {
      throw new SegprobeError(
        'BACKEND_UNAVAILABLE',
        'expected the models loaded, got still loading',
      );
    }
    response.json({ status: 'ready' });
  };
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

/** The cards of all victims or attackers; the first by name is taken where none is named. */
function listModels(pool: InferencePool, kind: ModelFacts['kind']): unknown[] {
  return [...pool.models.values()]
    .filter(({ facts }) => facts.kind === kind)
    .map((model, i) => ({ ...cardOf(model), default: i === 0 }));
}

/** What changes pictures without knowing a victim, and what its strength runs over. */
function listControls(): unknown[] {
  return Object.values(CONTROLS).map(({ name, unit, range }) => ({ name, unit, range }));
}

function cardOf({ name, path: _path, facts, manifest, sha256, bytes }: OpenedModel): object {
  return { ...(manifest ?? { ...facts, file: { name: `${name}.onnx`, sha256, bytes } }), name };
}
