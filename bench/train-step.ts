import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openDataset } from '../src/data/open-dataset.js';
import { loadBatches } from '../src/data/batches.js';
import type { Dataset } from '../src/data/dataset.js';
import { useDevice } from '../src/train/device.js';
import { createVictim } from '../src/train/victim.js';
import { type BenchmarkResult, median, peakRssBytes } from './benchmark.js';

const BATCH = 10;
const SIZE = { height: 360, width: 480 };
const CLASSES = 12;
const STEPS = 9;
/** The first steps compile and warm up. */
const WARM_UP = 2;

/**
 * The victim's training step as `segprobe train` takes it, pictures read from disk (CamVid in $SEGPROBE_CAMVID or beside the
 * repository, else sample scenes), and PyTorch's step of the same network in turn with it where python3 has torch.
 */
export async function run(): Promise<BenchmarkResult> {
  await useDevice('auto', console.error);
  const dataset = await openTrainingSplit();
  const peer = startPeer();
  const victim = createVictim({
    ...SIZE,
    classCount: CLASSES,
    seed: 1,
    predictBatchSizes: [],
    training: {
      batchSizes: [BATCH],
      classWeights: new Array<number>(CLASSES).fill(1),
      weightDecay: 2e-4,
    },
  });
  const order = Array.from({ length: (STEPS + WARM_UP) * BATCH }, (_, i) => i % dataset.length);
  const ours: number[] = [];
  const outside: number[] = [];
  const peers: number[] = [];
  let step = 0;
  let asked = performance.now();
  for await (const batch of loadBatches(dataset, { batchSize: BATCH, size: SIZE, order })) {
    const started = performance.now();
    victim.trainStep(batch, { step: ++step, learningRate: 5e-4, seed: 1 });
    const ended = performance.now();
    ours.push((ended - started) / 1000);
    outside.push((started - asked) / 1000);
    const peerSeconds = await peer?.step();
    if (peerSeconds !== undefined) peers.push(peerSeconds);
    asked = performance.now();
  }
  victim.dispose();
  peer?.stop();
  await dataset.close();
  const seconds = median(ours.slice(WARM_UP));
  const waiting = median(outside.slice(WARM_UP));
  const result: BenchmarkResult = {
    name: 'train-step',
    medianSeconds: seconds,
    imagesPerSecond: BATCH / (seconds + waiting),
    peakRssBytes: peakRssBytes(),
    shareOutsideTensorFlow: waiting / (seconds + waiting),
    dataset: dataset.name,
  };
  if (peers.length === 0) return result;
  const peerMedianSeconds = median(peers.slice(WARM_UP));
  // The ratio of neighbours in time, so that a slow minute of the machine counts for both.
  const ratio = median(ours.slice(WARM_UP).map((own, i) => own / peers[i + WARM_UP]!));
  return { ...result, peer: 'PyTorch eager', peerMedianSeconds, ratio };
}

async function openTrainingSplit(): Promise<Dataset> {
  const dir =
    process.env['SEGPROBE_CAMVID'] ??
    fileURLToPath(new URL('../../shared/camvid/CamVid', import.meta.url));
  try {
    return await openDataset({ name: 'camvid', dir, split: 'train' });
  } catch {
    return openDataset({ name: 'sample', split: 'train' });
  }
}

/** PyTorch in a process of its own, which takes one step each time it is asked. */
function startPeer(): { step: () => Promise<number | undefined>; stop: () => void } | undefined {
  const script = fileURLToPath(new URL('./peers/train_step.py', import.meta.url));
  const child = spawn('python3', [script, String(BATCH), String(SIZE.height), String(SIZE.width)], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    step: async () => {
      child.stdin.write('step\n');
      const line = await lines.next();
      return line.done === true ? undefined : Number(line.value);
    },
    stop: () => child.stdin.end(),
  };
}
