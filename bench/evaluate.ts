import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { Dataset } from '../src/data/dataset.js';
import { openDataset } from '../src/data/open-dataset.js';
import { typescriptWorkerOptions } from '../src/data/typescript-worker.js';
import { evaluateDataset } from '../src/inference/evaluate-dataset.js';
import { DEFAULT_MODELS_FOLDER, openModel, type OpenedModel } from '../src/inference/open-model.js';
import { findServingForm } from '../src/inference/model-forms.js';
import { type BenchmarkResult, median, peakRssBytes } from './benchmark.js';
import { camvidFolder } from './camvid-folder.js';
import type { SessionsSetup } from './evaluate-sessions.js';
import { randomAttacker } from './autoencoder-model.js';
import { peersPython } from './python.js';

const VICTIM = 'enet-camvid.onnx';
/** All of CamVid's val: the pipeline fills and its code is compiled once. */
const SCENES = 101;
/** The first round warms up. */
const ROUNDS = 4;
/** Of those tried (1 and 2, 4 and 1, 4 and 2, 10 and 2), the peer's fastest batch and number of loading processes on two cores. */
const PEER = { batch: 4, workers: 1 };

/**
 * `segprobe evaluate` before and after an attack, in turn with its sessions alone (in as many threads, with nothing read
 * and nothing counted) and, where the peers' Python has torch, numpy and pillow, with the same loop in PyTorch.
 * On CamVid's val, else on sample scenes, which the peer cannot read.
 */
export async function run(): Promise<BenchmarkResult> {
  const folder = await mkdtemp(path.join(tmpdir(), 'segprobe-bench-'));
  const victim = await openModel(path.join(DEFAULT_MODELS_FOLDER, VICTIM));
  const attackerFile = path.join(folder, 'attacker.onnx');
  await writeFile(attackerFile, randomAttacker(victim.facts));
  const attacker = await openModel(attackerFile);
  const dataset = await openScenes();
  const threads = availableParallelism();
  const sessions = await startSessions(dataset, victim, attacker, threads);
  const peer = dataset.name === 'camvid' ? startPeer() : undefined;
  const [ours, alone, peers]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < ROUNDS; round++) {
    const evaluated = await evaluateDataset(dataset, { victim, attacker, limit: SCENES, threads });
    ours.push(1 / evaluated.imagesPerSecond);
    alone.push(await sessions.secondsAnImage());
    const peerSeconds = await peer?.secondsAnImage();
    if (peerSeconds !== undefined) peers.push(peerSeconds);
  }
  peer?.stop();
  await sessions.stop();
  await dataset.close();
  await rm(folder, { recursive: true });

  const [seconds, aloneSeconds] = [ours, alone].map((all) => median(all.slice(1))) as [
    number,
    number,
  ];
  const result: BenchmarkResult = {
    name: 'evaluate',
    medianSeconds: seconds,
    imagesPerSecond: 1 / seconds,
    sessionsAloneImagesPerSecond: 1 / aloneSeconds,
    // Of neighbours in time, so that a slow minute of the machine counts for both.
    ofSessionsAlone: median(ours.slice(1).map((own, i) => alone[i + 1]! / own)),
    peakRssBytes: peakRssBytes(),
    dataset: dataset.name,
    threads,
  };
  if (peers.length < ROUNDS) return result;
  const ratio = median(ours.slice(1).map((own, i) => own / peers[i + 1]!));
  const peerMedianSeconds = median(peers.slice(1));
  return {
    ...result,
    peer: `PyTorch eager, DataLoader (batch ${PEER.batch}, ${PEER.workers} worker)`,
    peerMedianSeconds,
    peerImagesPerSecond: 1 / peerMedianSeconds,
    ratio,
    timesThePeer: 1 / ratio,
  };
}

function openScenes(): Promise<Dataset> {
  const dir = camvidFolder();
  return existsSync(dir)
    ? openDataset({ name: 'camvid', dir, split: 'val' })
    : openDataset({ name: 'sample', split: 'val' });
}

/** Threads that run the sessions alone, on some of the data set's own pictures. */
async function startSessions(
  dataset: Dataset,
  victim: OpenedModel,
  attacker: OpenedModel,
  threads: number,
): Promise<{ secondsAnImage: () => Promise<number>; stop: () => Promise<void> }> {
  const size = victim.facts.inputSize;
  const scenes = await Promise.all([0, 7, 14, 21, 28].map((index) => dataset.read(index, size)));
  const servingForm = await findServingForm(victim);
  const setup: SessionsSetup = {
    victim: servingForm ?? victim.path,
    serves: servingForm !== null,
    attacker: attacker.path,
    classCount: victim.facts.classes.length,
    size,
    images: scenes.map(({ image }) => image),
  };
  const piscina = new Piscina<number, void>({
    ...typescriptWorkerOptions('./evaluate-sessions.ts', import.meta.url),
    name: 'runSessions',
    workerData: setup,
    minThreads: threads,
    maxThreads: threads,
  });
  return {
    secondsAnImage: async () => {
      const pictures = Math.ceil(SCENES / threads);
      const started = performance.now();
      await Promise.all(Array.from({ length: threads }, () => piscina.run(pictures)));
      return (performance.now() - started) / 1000 / (pictures * threads);
    },
    stop: () => piscina.destroy(),
  };
}

/** The loop in PyTorch, in a process of its own, which goes over the scenes once each time it is asked. */
function startPeer(): { secondsAnImage: () => Promise<number | undefined>; stop: () => void } {
  const script = fileURLToPath(new URL('./peers/evaluate.py', import.meta.url));
  const folders = ['val', 'valannot'].map((name) => path.join(camvidFolder(), name));
  const numbers = [SCENES, PEER.batch, PEER.workers].map(String);
  const child = spawn(peersPython(), [script, ...folders, ...numbers], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    secondsAnImage: async () => {
      child.stdin.write('evaluate\n');
      const line = await lines.next();
      return line.done === true ? undefined : Number(line.value) / SCENES;
    },
    stop: () => child.stdin.end(),
  };
}
