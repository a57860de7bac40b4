import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openDataset } from '../src/data/open-dataset.js';
import { loadBatches } from '../src/data/batches.js';
import type { Dataset } from '../src/data/dataset.js';
import { useDevice } from '../src/train/device.js';
import { createVictim } from '../src/train/victim.js';
import { type BenchmarkResult, median, peakRssBytes } from './benchmark.js';
import { peersPython } from './python.js';

const BATCH = 10;
const SIZE = { height: 360, width: 480 };
const CLASSES = 12;
const STEPS = 9;
/** The first steps compile and warm up. */
const WARM_UP = 2;

/**
 * The victim's training step as `segprobe train` takes it, pictures read from disk (CamVid in $SEGPROBE_CAMVID or beside the
 * repository, else sample scenes), and PyTorch's step of the same network in turn with it, eager and compiled (which takes a
 * minute to begin with), where the peers' Python has torch.
 */
export async function run(): Promise<BenchmarkResult> {
  await useDevice('auto', console.error);
  const dataset = await openTrainingSplit();
  const peers = { eager: startPeer('eager'), compiled: startPeer('compiled') };
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
  let step = 0;
  let asked = performance.now();
  for await (const batch of loadBatches(dataset, { batchSize: BATCH, size: SIZE, order })) {
    const started = performance.now();
    await victim.trainStep(batch, { step: ++step, learningRate: 5e-4, seed: 1 });
    const ended = performance.now();
    ours.push((ended - started) / 1000);
    outside.push((started - asked) / 1000);
    await peers.eager.step();
    await peers.compiled.step();
    asked = performance.now();
  }
  victim.dispose();
  peers.eager.stop();
  peers.compiled.stop();
  await dataset.close();
  const seconds = median(ours.slice(WARM_UP));
  const waiting = median(outside.slice(WARM_UP));
  const [eager, compiled] = [peers.eager, peers.compiled].map((peer) => compared(ours, peer));
  return {
    name: 'train-step',
    medianSeconds: seconds,
    imagesPerSecond: BATCH / (seconds + waiting),
    peakRssBytes: peakRssBytes(),
    shareOutsideTensorFlow: waiting / (seconds + waiting),
    dataset: dataset.name,
    ...(eager !== undefined && {
      peer: 'PyTorch eager',
      peerMedianSeconds: eager.medianSeconds,
      peerPeakRssBytes: eager.peakRssBytes,
      ratio: eager.ratio,
    }),
    ...(compiled !== undefined && {
      compiledPeer: 'PyTorch torch.compile',
      compiledPeerMedianSeconds: compiled.medianSeconds,
      compiledPeerPeakRssBytes: compiled.peakRssBytes,
      compiledRatio: compiled.ratio,
    }),
  };
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
interface Peer {
  /** Seconds of each step so far; no more come once the process has ended. */
  readonly seconds: readonly number[];
  readonly peakRssBytes: number;
  step(): Promise<void>;
  stop(): void;
}

function startPeer(mode: 'eager' | 'compiled'): Peer {
  const script = fileURLToPath(new URL('./peers/train_step.py', import.meta.url));
  const sizes = [BATCH, SIZE.height, SIZE.width].map(String);
  const child = spawn(peersPython(), [script, ...sizes, mode], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const seconds: number[] = [];
  let peak = 0;
  return {
    seconds,
    get peakRssBytes() {
      return peak;
    },
    step: async () => {
      child.stdin.write('step\n');
      const line = await lines.next();
      if (line.done === true) return;
      const [taken, bytes] = line.value.split(' ').map(Number) as [number, number];
      seconds.push(taken);
      peak = bytes;
    },
    stop: () => child.stdin.end(),
  };
}

/** A peer's figures, and ours over its: the ratio of neighbours in time, so that a slow minute of the machine counts for both. */
function compared(
  ours: readonly number[],
  { seconds, peakRssBytes }: Peer,
): { medianSeconds: number; peakRssBytes: number; ratio: number } | undefined {
  if (seconds.length < ours.length) return undefined;
  const ratios = ours.slice(WARM_UP).map((own, i) => own / seconds[i + WARM_UP]!);
  return { medianSeconds: median(seconds.slice(WARM_UP)), peakRssBytes, ratio: median(ratios) };
}
