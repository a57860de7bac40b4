import { loadBatches } from '../src/data/batches.js';
import { createTrainableAttacker } from '../src/train/attacker.js';
import { attackerLoss } from '../src/train/attackers/losses.js';
import { useDevice } from '../src/train/device.js';
import { createModel } from '../src/train/models/index.js';
import { initialWeights } from '../src/train/packing.js';
import { type BenchmarkResult, median, peakRssBytes } from './benchmark.js';
import { compared, startPeer, WARM_UP } from './pytorch-peer.js';
import { openTrainingSplit } from './training-split.js';

const BATCH = 10;
const SIZE = { height: 360, width: 480 };
const CLASSES = 12;
const STEPS = 9;

/**
 * The attacker's training step as `segprobe train-attacker` takes it, the ancestor's network and loss, and PyTorch's step of the
 * same in turn with it, where the peers' Python has torch.
 */
export async function run(): Promise<BenchmarkResult> {
  await useDevice('auto', console.error);
  const dataset = await openTrainingSplit();
  const peer = startPeer('attacker_step', [BATCH, SIZE], 'eager');
  const attacker = createBenchAttacker();
  const order = Array.from({ length: (STEPS + WARM_UP) * BATCH }, (_, i) => i % dataset.length);
  const ours: number[] = [];
  for await (const batch of loadBatches(dataset, { batchSize: BATCH, size: SIZE, order })) {
    const started = performance.now();
    await attacker.trainStep(batch, { step: ours.length + 1, learningRate: 5e-4, seed: 1 });
    ours.push((performance.now() - started) / 1000);
    await peer.step();
  }
  attacker.dispose();
  peer.stop();
  await dataset.close();
  const eager = compared(ours, peer);
  return {
    name: 'attacker-step',
    medianSeconds: median(ours.slice(WARM_UP)),
    peakRssBytes: peakRssBytes(),
    dataset: dataset.name,
    ...(eager !== undefined && {
      peer: 'PyTorch eager',
      peerMedianSeconds: eager.medianSeconds,
      peerPeakRssBytes: eager.peakRssBytes,
      ratio: eager.ratio,
    }),
  };
}

function createBenchAttacker(): ReturnType<typeof createTrainableAttacker> {
  const model = createModel('enet', { classCount: CLASSES });
  return createTrainableAttacker({
    shape: { model: 'autoencoder', ...SIZE },
    seed: 1,
    victim: { model, weights: initialWeights(model.spec, 1) },
    scoreBatchSizes: [],
    training: {
      batchSizes: [BATCH],
      classWeights: new Array<number>(CLASSES).fill(1),
      loss: attackerLoss('ancestor'),
      weightDecay: 0,
    },
  });
}
