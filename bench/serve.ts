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
import { load, type LoadResult, offer, type Offer, quantile } from './http-load.js';
import type { ServeSessionsSetup } from './serve-sessions.js';

const SIZE = { height: 360, width: 480 };
const PICTURES = 8;
/** The first round warms up. */
const ROUNDS = 8;
/** Of a round: short, so that what else the machine does meets both. */
const [BARE_MS, SERVED_SECONDS] = [3000, 4];
const LATENCY_SECONDS = { alone: 5, half: 16, over: 8 };
/** Enough that each worker always has a picture that waits for it. */
const SATURATING = 2 * availableParallelism() + 2;
const BIN = fileURLToPath(new URL('../bin/segprobe.js', import.meta.url));
const FORM = fileURLToPath(new URL('../models/onnx/enet-camvid.serve.onnx', import.meta.url));

/**
 * The service, JPEG of 480×360 in and mask PNG out over loopback, in turn with its sessions alone in as many threads of the same machine; then
 * its latency with one request at a time, at half of what it can, and at ten times that. The client runs on the same cores.
 */
export async function run(): Promise<BenchmarkResult> {
  const scenes = Array.from({ length: PICTURES }, (_, seed) => drawScene(seed, SIZE).image);
  const bodies = await Promise.all(scenes.map((image) => toJpeg(image)));
  const sessions = startSessions(scenes);
  const server = await startService();
  const url = `${server.url}/segment?model=enet-camvid`;
  const saturate = (connections: number, seconds: number): Promise<LoadResult> =>
    load({ url, bodies, connections, seconds });
  const [bare, served]: [number[], LoadResult[]] = [[], []];
  // Of the processor, for a picture: what else the machine does counts less in it.
  const [bareMs, servedMs]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    const own = process.cpuUsage();
    bare.push(await sessions.imagesPerSecond());
    const { user, system } = process.cpuUsage(own);
    bareMs.push((user + system) / BARE_MS / bare.at(-1)!);
    const before = server.cpuSeconds();
    served.push(await saturate(SATURATING, SERVED_SECONDS));
    const pictures = served.at(-1)!.latencies.get(200)!.length;
    servedMs.push(((server.cpuSeconds() - before) * 1000) / pictures);
  }
  const rates = served.slice(1).map(answered);
  const capacity = median(rates);
  const ratios = rates.map((own, i) => own / bare[i + 1]!);
  const at = (rate: number, seconds: number, arrivals: Offer['arrivals']): Promise<LoadResult> =>
    offer({ url, bodies, rate, seconds, arrivals });
  const alone = await saturate(1, LATENCY_SECONDS.alone);
  const even = await at(capacity / 2, LATENCY_SECONDS.half, 'even');
  const random = await at(capacity / 2, LATENCY_SECONDS.half, 'random');
  const over = await at(capacity * 10, LATENCY_SECONDS.over, 'random');
  const peakRssBytes = server.rssBytes();
  await sessions.stop();
  server.stop();
  const all = [...served, alone, even, random, over];
  return {
    name: 'serve',
    medianSeconds: 1 / capacity,
    imagesPerSecond: capacity,
    sessionsAloneImagesPerSecond: median(bare.slice(1)),
    ofSessionsAlone: median(ratios),
    ofSessionsAloneByRound: ratios.map((own) => own.toFixed(2)).join(', '),
    sessionAloneCpuMs: median(bareMs.slice(1)),
    serviceCpuMs: median(servedMs.slice(1)),
    ...latencyOf('alone', alone),
    ...latencyOf('saturated', served.at(-1)!),
    ...latencyOf('halfLoadEven', even),
    ...latencyOf('halfLoadRandom', random),
    ...latencyOf('overloadAccepted', over),
    ...latencyOf('overloadRefused', over, 503),
    overloadImagesPerSecond: answered(over),
    overloadRefusedPerSecond: (over.latencies.get(503)?.length ?? 0) / over.seconds,
    refusedBelowOverload: all.slice(0, -1).reduce((sum, { latencies }) => {
      return sum + (latencies.get(503)?.length ?? 0);
    }, 0),
    otherStatuses: all.flatMap(({ latencies }) => {
      return [...latencies.keys()].filter((status) => status !== 200 && status !== 503);
    }).length,
    jpegBytes: median(bodies.map((body) => body.length)),
    peakRssBytes,
    ...SIZE,
  };
}

/** Median and 99th percentile of the answers with a status. */
function latencyOf(name: string, { latencies }: LoadResult, status = 200): Record<string, number> {
  const own = latencies.get(status);
  return { [`${name}MedianMs`]: quantile(own, 0.5), [`${name}P99Ms`]: quantile(own, 0.99) };
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
  /** Of all cores, until now. */
  readonly cpuSeconds: () => number;
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
    cpuSeconds: () => {
      // After the name, which may hold anything: user and system time are the 12th and 13th, in hundredths.
      const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return (Number(fields[11]) + Number(fields[12])) / 100;
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
