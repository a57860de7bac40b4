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
import { encodePicturePng } from '../src/data/encode-picture.js';
import { openSampleDataset } from '../src/data/street/sample-dataset.js';
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

/** Requests in a row while nothing else runs, and while an evaluation does. */
const REQUESTS = 30;

/**
 * An evaluation by one worker of one thread, on one core, and by two, in turn, over a Redis of its own; on CamVid's val, else on sample scenes.
 * Then how long `/segment` takes while the service evaluates by itself, beside how long it takes alone.
 */
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
  const first = await startWorker(0, redis, dataset, dir);
  const [one, two]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    await secondsOf(server.url, dataset, WARM_UP);
    one.push(await secondsOf(server.url, dataset, SCENES));
    const second = await startWorker(1, redis, dataset, dir);
    await secondsOf(server.url, dataset, WARM_UP);
    two.push(await secondsOf(server.url, dataset, SCENES));
    await stop(second);
  }
  await stop(first);
  await server.close();
  await stop(daemon);
  await rm(folder, { recursive: true });
  const { alone, during } = await measureRequests();
  const seconds = median(two);
  return {
    name: 'evaluations',
    medianSeconds: seconds,
    secondsByOneWorker: median(one),
    // Of neighbours in time, so that a slow minute of the machine counts for both.
    timesAsFast: median(one.map((own, i) => own / two[i]!)),
    imagesPerSecond: SCENES / seconds,
    imagesPerSecondByOneWorker: SCENES / median(one),
    segmentSecondsAlone: alone,
    segmentSecondsDuringEvaluation: during,
    peakRssBytes: peakRssBytes(),
    dataset,
    scenes: SCENES,
  };
}

/** Medians of requests one after the other, to a service that evaluates in its own threads meanwhile, and that does not. */
async function measureRequests(): Promise<{ readonly alone: number; readonly during: number }> {
  const server = await startServer({
    models: await openModels(DEFAULT_MODELS_FOLDER),
    logger: pino({ level: 'silent' }),
    ...{ port: 0, cacheBytes: 0 },
  });
  await server.ready;
  const picture = await drawPicture();
  const segment = async (): Promise<number> => {
    const started = performance.now();
    const headers = { 'Content-Type': 'image/png' };
    const url = `${server.url}/segment`;
    const response = await fetch(url, { method: 'POST', headers, body: picture });
    const answer = await response.arrayBuffer();
    if (!response.ok) throw new Error(new TextDecoder().decode(answer));
    return (performance.now() - started) / 1000;
  };
  const [alone, during]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < REQUESTS; i++) alone.push(await segment());
    const location = server.url + (await submit(server.url, 'sample', 367, 'train'));
    while ((await stateOf(location)).progress.done === 0) await segment();
    for (let i = 0; i < REQUESTS; i++) during.push(await segment());
    await fetch(location, { method: 'DELETE' });
  }
  await server.close();
  return { alone: median(alone.slice(REQUESTS)), during: median(during) };
}

async function drawPicture(): Promise<Uint8Array<ArrayBuffer>> {
  const dataset = openSampleDataset({ split: 'val' });
  const scene = await dataset.read(0, dataset.defaultSize);
  await dataset.close();
  return new Uint8Array(await encodePicturePng({ ...scene, data: scene.image }));
}

/** A worker on a core of its own (util-linux' taskset): decoding and all else that is not its one thread of sessions take from the same. */
async function startWorker(
  core: number,
  redis: string,
  dataset: string,
  dir: string,
): Promise<ChildProcess> {
  const own = dataset === 'camvid' ? ['--dataset', `camvid=camvid:${dir}`] : [];
  const command = [process.execPath, BIN, 'worker', '--redis', redis, '--workers', '1', ...own];
  const child = spawn('taskset', ['-c', String(core), ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(createInterface(child.stdout), 'line');
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

interface State {
  readonly state: string;
  readonly progress: { readonly done: number };
  readonly failedReason: string | null;
  readonly processedOn: number;
  readonly finishedOn: number;
}

/** How long an evaluation took, from its first shard's beginning to its end. */
async function secondsOf(url: string, dataset: string, limit: number): Promise<number> {
  const location = url + (await submit(url, dataset, limit, 'val'));
  await (await fetch(`${location}/events`)).text(); // Ends with the evaluation.
  const { state, failedReason, processedOn, finishedOn } = await stateOf(location);
  if (state !== 'completed') throw new Error(failedReason ?? state);
  return (finishedOn - processedOn) / 1000;
}

async function submit(url: string, dataset: string, limit: number, split: string): Promise<string> {
  const response = await fetch(`${url}/evaluations`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ dataset, split, victim: VICTIM, attacker: ATTACKER, limit }),
  });
  return response.headers.get('location')!;
}

async function stateOf(location: string): Promise<State> {
  return (await (await fetch(location)).json()) as State;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
