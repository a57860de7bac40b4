import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { DEFAULT_MODELS_FOLDER, openModels } from '../src/inference/open-model.js';
import { startServer } from '../src/serve/server.js';
import { type BenchmarkResult, median, peakRssBytes } from './benchmark.js';
import { camvidFolder } from './camvid-folder.js';

const BIN = fileURLToPath(new URL('../bin/segprobe.js', import.meta.url));
const [VICTIM, ATTACKER] = ['enet-camvid', 'mal-camvid-linf8'];
/** All of CamVid's val. */
const SCENES = 101;
/** Before each measurement, so that every worker has the models loaded. */
const WARM_UP = 32;
const ROUNDS = 3;

/** An evaluation by one worker of one thread and by two, in turn, over a Redis of its own; on CamVid's val, else on sample scenes. */
export async function run(): Promise<BenchmarkResult> {
  const folder = await mkdtemp(path.join(tmpdir(), 'segprobe-bench-'));
  const port = await freePort();
  const redis = `redis://127.0.0.1:${port}`;
  const args = ['--port', String(port), '--dir', folder, '--appendonly', 'yes', '--save', ''];
  const daemon = spawn('redis-server', args, { stdio: 'ignore' });
  const dir = camvidFolder();
  const dataset = existsSync(dir) ? 'camvid' : 'sample';
  const datasets = dataset === 'camvid' ? { camvid: { layout: 'camvid', dir } } : {};
  const server = await startServer({
    models: await openModels(DEFAULT_MODELS_FOLDER),
    logger: pino({ level: 'silent' }),
    ...{ port: 0, workers: 1, redis, datasets },
  });
  await server.ready;
  const first = await startWorker(redis, dataset, dir);
  const [one, two]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    await secondsOf(server.url, dataset, WARM_UP);
    one.push(await secondsOf(server.url, dataset, SCENES));
    const second = await startWorker(redis, dataset, dir);
    await secondsOf(server.url, dataset, WARM_UP);
    two.push(await secondsOf(server.url, dataset, SCENES));
    await stop(second);
  }
  await stop(first);
  await server.close();
  await stop(daemon);
  await rm(folder, { recursive: true });
  const seconds = median(two);
  return {
    name: 'evaluations',
    medianSeconds: seconds,
    secondsByOneWorker: median(one),
    // Of neighbours in time, so that a slow minute of the machine counts for both.
    timesAsFast: median(one.map((own, i) => own / two[i]!)),
    imagesPerSecond: SCENES / seconds,
    imagesPerSecondByOneWorker: SCENES / median(one),
    peakRssBytes: peakRssBytes(),
    dataset,
    scenes: SCENES,
  };
}

async function startWorker(redis: string, dataset: string, dir: string): Promise<ChildProcess> {
  const own = dataset === 'camvid' ? ['--dataset', `camvid=camvid:${dir}`] : [];
  const child = spawn(
    process.execPath,
    [BIN, 'worker', '--redis', redis, '--workers', '1', ...own],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  await once(createInterface(child.stdout), 'line');
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

/** How long an evaluation took, from its first shard's beginning to its end. */
async function secondsOf(url: string, dataset: string, limit: number): Promise<number> {
  const asked = { dataset, split: 'val', victim: VICTIM, attacker: ATTACKER, limit };
  const response = await fetch(`${url}/evaluations`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(asked),
  });
  const location = url + response.headers.get('location');
  await (await fetch(`${location}/events`)).text(); // Ends with the evaluation.
  const evaluation = (await (await fetch(location)).json()) as {
    readonly state: string;
    readonly failedReason: string | null;
    readonly processedOn: number;
    readonly finishedOn: number;
  };
  if (evaluation.state !== 'completed')
    throw new Error(evaluation.failedReason ?? evaluation.state);
  return (evaluation.finishedOn - evaluation.processedOn) / 1000;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
