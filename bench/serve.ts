import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { sharp } from '../src/data/sharp.js';
import { drawScene } from '../src/data/street/draw-scene.js';
import { typescriptWorkerOptions } from '../src/data/typescript-worker.js';
import { type BenchmarkResult, median } from './benchmark.js';
import { load, type LoadResult, quantile } from './http-load.js';
import type { ServeSessionsSetup } from './serve-sessions.js';

const SIZE = { height: 360, width: 480 };
const PICTURES = 8;
/** The first round warms up. */
const ROUNDS = 4;
const [BARE_MS, SECONDS] = [5000, 8];
/** Enough that each worker always has a picture that waits for it. */
const SATURATING = 2 * availableParallelism() + 2;
const BIN = fileURLToPath(new URL('../bin/segprobe.js', import.meta.url));
const FORM = fileURLToPath(new URL('../models/onnx/enet-camvid.serve.onnx', import.meta.url));

/**
 * The service, JPEG of 480×360 in and mask PNG out over loopback, in turn with its sessions alone in as many threads of the same machine; then
 * its latency at half of what it can, and at ten times that. The client runs on the same cores.
 */
export async function run(): Promise<BenchmarkResult> {
  const scenes = Array.from({ length: PICTURES }, (_, seed) => drawScene(seed, SIZE).image);
  const bodies = await Promise.all(scenes.map((image) => toJpeg(image)));
  const sessions = startSessions(scenes);
  const server = await startService();
  const url = `${server.url}/segment?model=enet-camvid`;
  const [bare, served]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    bare.push(await sessions.imagesPerSecond());
    served.push(answered(await load({ url, bodies, connections: SATURATING, seconds: SECONDS })));
  }
  const capacity = median(served.slice(1));
  const ratio = median(served.slice(1).map((own, i) => own / bare[i + 1]!));
  const full = await load({ url, bodies, connections: SATURATING, seconds: SECONDS });
  const half = await load({
    url,
    bodies,
    connections: 32,
    seconds: SECONDS,
    rate: Math.max(1, Math.round(capacity / 2)),
  });
  const over = await load({
    url,
    bodies,
    connections: 200,
    seconds: SECONDS,
    rate: Math.round(capacity * 10),
  });
  const peakRssBytes = server.rssBytes();
  await sessions.stop();
  server.stop();
  const [accepted, refused] = [over.latencies.get(200), over.latencies.get(503)];
  return {
    name: 'serve',
    medianSeconds: 1 / capacity,
    imagesPerSecond: capacity,
    sessionsAloneImagesPerSecond: median(bare.slice(1)),
    ofSessionsAlone: ratio,
    saturatedMedianMs: quantile(full.latencies.get(200), 0.5),
    saturatedP99Ms: quantile(full.latencies.get(200), 0.99),
    halfLoadMedianMs: quantile(half.latencies.get(200), 0.5),
    halfLoadP99Ms: quantile(half.latencies.get(200), 0.99),
    overloadImagesPerSecond: answered(over),
    overloadRefusedPerSecond: (refused?.length ?? 0) / over.seconds,
    overloadAcceptedMedianMs: quantile(accepted, 0.5),
    overloadAcceptedP99Ms: quantile(accepted, 0.99),
    overloadRefusedMedianMs: quantile(refused, 0.5),
    overloadRefusedP99Ms: quantile(refused, 0.99),
    otherStatuses: [full, half, over].flatMap(({ latencies }) => {
      return [...latencies.keys()].filter((status) => status !== 200 && status !== 503);
    }).length,
    jpegBytes: median(bodies.map((body) => body.length)),
    peakRssBytes,
    ...SIZE,
  };
}

function answered({ latencies, seconds }: LoadResult): number {
  return (latencies.get(200)?.length ?? 0) / seconds;
}

function toJpeg(image: Uint8Array): Promise<Buffer> {
  return sharp(image, { raw: { ...SIZE, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
}

/** Starts the service as a user would, but for its cache: the same pictures come again. */
export async function startService(...flags: string[]): Promise<{
  readonly url: string;
  readonly rssBytes: () => number;
  readonly stop: () => void;
}> {
  const child = spawn(
    process.execPath,
    [BIN, 'serve', '--port', '0', '--cache-bytes', '0', '--log-level', 'error', ...flags],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return {
    url: line.split(' ').at(-1)!,
    rssBytes: () => {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]) * 1024;
    },
    stop: () => child.kill('SIGTERM'),
  };
}

function startSessions(images: readonly Uint8Array[]): {
  imagesPerSecond: () => Promise<number>;
  stop: () => Promise<void>;
} {
  const threads = availableParallelism();
  const setup: ServeSessionsSetup = { file: FORM, size: SIZE, images };
  const piscina = new Piscina<number, number>({
    ...typescriptWorkerOptions('./serve-sessions.ts', import.meta.url),
    name: 'runSessions',
    workerData: setup,
    minThreads: threads,
    maxThreads: threads,
  });
  return {
    imagesPerSecond: async () => {
      const started = performance.now();
      const each = Array.from({ length: threads }, () => piscina.run(BARE_MS));
      const done = (await Promise.all(each)).reduce((sum, own) => sum + own, 0);
      return (done * 1000) / (performance.now() - started);
    },
    stop: () => piscina.destroy(),
  };
}
