import type { RequestHandler } from 'express';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { z } from 'zod';
import type { Reloads } from '../inference/reloadable-pool.js';
import type { Route } from './route.js';

/** What the service counts of itself. */
export interface Metrics {
  readonly registry: Registry;
  /** Counts every request when it is answered, by its route, and what was refused by its code. */
  readonly countRequests: RequestHandler;
  /** Whether the answer to a picture was in the cache. */
  countRecall(isHit: boolean): void;
  /** Where the time of a picture went, in milliseconds. */
  observePicture(
    model: string,
    milliseconds: { readonly decode?: number; readonly queue?: number; readonly inference: number },
  ): void;
}

/** What is measured when it is asked for. */
export interface MetricsSource {
  readonly running: () => number;
  readonly waiting: () => number;
  readonly mayWait: () => number;
  readonly models: () => Iterable<{ readonly name: string; readonly kind: string }>;
  /** Bytes of answers that are kept. */
  readonly cacheBytes: () => number;
  readonly reloads: () => Reloads;
  /** ONNX Runtime's execution provider that the sessions run on. */
  readonly provider: () => string;
}

/** From a millisecond to a minute. */
const SECONDS = [0.001, 0.003, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.2, 2.5, 5, 10, 30, 60];

/** Builds the service's metrics, with those of the process and its event loop. */
export function createMetrics(source: MetricsSource): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'segprobe_http_requests_total',
    help: 'Requests answered.',
    labelNames: ['route', 'method', 'status'],
    registers,
  });
  const rejects = new Counter({
    name: 'segprobe_rejects_total',
    help: 'Requests refused, by reason.',
    labelNames: ['code'],
    registers,
  });
  const recalls = new Counter({
    name: 'segprobe_cache_lookups_total',
    help: 'Pictures whose answer was looked for in the cache.',
    labelNames: ['result'],
    registers,
  });
  const times = (name: string, help: string, labelNames: string[] = []): Histogram =>
    new Histogram({ name, help, labelNames, buckets: SECONDS, registers });
  const duration = times('segprobe_http_request_seconds', 'Until the answer.', ['route']);
  const decode = times('segprobe_decode_seconds', 'Decoding a picture.');
  const queue = times('segprobe_queue_wait_seconds', 'Waiting for a worker.');
  const inference = times('segprobe_inference_seconds', 'In sessions, a picture.', [
    'model',
    'provider',
  ]);
  gauge(registry, 'segprobe_queue_depth', 'Requests that wait.', source.waiting);
  gauge(registry, 'segprobe_queue_limit', 'Requests that may wait now.', source.mayWait);
  gauge(registry, 'segprobe_cache_bytes', 'Answers that are kept.', source.cacheBytes);
  gauge(registry, 'segprobe_running', 'Requests that are worked on.', source.running);
  new Gauge({
    name: 'segprobe_model_reloads',
    help: 'Times that models were taken up, or could not be and the old ones served on.',
    labelNames: ['result'],
    registers,
    collect() {
      const { done, failed } = source.reloads();
      this.set({ result: 'done' }, done);
      this.set({ result: 'failed' }, failed);
    },
  });
  gauge(
    registry,
    'segprobe_model_reload_failing',
    '1 where the last models could not be taken up.',
    () => (source.reloads().lastFailure === null ? 0 : 1),
  );
  new Gauge({
    name: 'segprobe_model_info',
    help: 'Models that serve, and what they run on.',
    labelNames: ['model', 'kind', 'provider'],
    registers,
    collect() {
      this.reset();
      for (const { name, kind } of source.models()) {
        this.set({ model: name, kind, provider: source.provider() }, 1);
      }
    },
  });

  return {
    registry,
    countRequests: (request, response, next) => {
      const start = performance.now();
      response.once('close', () => {
        // The pattern and not the path, of which there are any number.
        const route = (request.route as { path?: string } | undefined)?.path ?? 'none';
        const status = response.writableFinished ? String(response.statusCode) : '499';
        requests.inc({ route, method: request.method, status });
        duration.observe({ route }, (performance.now() - start) / 1000);
        const code: unknown = response.locals['code'];
        if (typeof code === 'string') rejects.inc({ code });
      });
      next();
    },
    countRecall: (isHit) => recalls.inc({ result: isHit ? 'hit' : 'miss' }),
    observePicture(model, milliseconds) {
      if (milliseconds.decode !== undefined) decode.observe(milliseconds.decode / 1000);
      if (milliseconds.queue !== undefined) queue.observe(milliseconds.queue / 1000);
      inference.observe({ model, provider: source.provider() }, milliseconds.inference / 1000);
    },
  };
}

/** `GET /metrics`: what Prometheus reads. */
export function createMetricsRoute({ registry }: Metrics): Route {
  return {
    operation: {
      tag: 'Operations',
      summary: 'For Prometheus: requests, refusals, queue, where the time goes, models, process',
      answers: { 200: { description: 'As text', content: { 'text/plain': z.string() } } },
    },
    handler: async (_request, response) => {
      const text = await registry.metrics();
      response.set('Content-Type', registry.contentType).send(Buffer.from(text));
    },
  };
}

function gauge(registry: Registry, name: string, help: string, value: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(value());
    },
  });
}
