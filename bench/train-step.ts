import { loadBatches } from '../src/data/batches.js';
import { useDevice } from '../src/train/device.js';
import { createVictim } from '../src/train/victim.js';
import { type BenchmarkResult, median, peakRssBytes } from './benchmark.js';
import { compared, type Peer, startPeer, WARM_UP } from './pytorch-peer.js';
import { openTrainingSplit } from './training-split.js';

const BATCH = 10;
const SIZE = { height: 360, width: 480 };
const CLASSES = 12;
const STEPS = 9;

/**
 * The victim's training step as `segprobe train` takes it, pictures read from disk (CamVid in $SEGPROBE_CAMVID or beside the
 * repository, else sample scenes), and PyTorch's step of the same network in turn with it, eager and compiled (which takes a
 * minute to begin with), where the peers' Python has torch.
 */
export async function run(): Promise<BenchmarkResult> {
  await useDevice('auto', console.error);
  const dataset = await openTrainingSplit();
  const start = (mode: 'eager' | 'compiled'): Peer => startPeer('train_step', [BATCH, SIZE], mode);
  const peers = { eager: start('eager'), compiled: start('compiled') };
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
