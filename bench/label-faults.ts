import { spawn } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Dataset } from '../src/data/dataset.js';
import { matchOutputs } from '../src/data/reorder-classes.js';
import { openDataset } from '../src/data/open-dataset.js';
import { plantFaults } from '../src/data/planted-faults.js';
import { type Audit, auditDataset, type Suspect } from '../src/inference/audit/audit-dataset.js';
import { DEFAULT_MODELS_FOLDER, openModel, type OpenedModel } from '../src/inference/open-model.js';
import { imageTensor, loadImageModel, runImageModel } from '../src/inference/session.js';
import { argmaxOverClasses } from '../src/shared/argmax.js';
import { toImageTensor } from '../src/shared/image-tensor.js';
import { type BenchmarkResult, median, peakRssBytes } from './benchmark.js';
import { camvidFolder } from './camvid-folder.js';
import { peersPython } from './python.js';

/** Smaller regions are no finding for either. */
const LEAST_PIXELS = 24;

/** A thing that is ranked: how suspicious, and whether it is a planted fault. */
interface Ranked {
  readonly score: number;
  readonly isFault: boolean;
}

/** What each of the two says of one planting. */
interface Ranking {
  /** By label quality, the softmin. */
  readonly images: readonly Ranked[];
  /** As the report ranks them, by suspects and softmin; cleanlab has the latter alone. */
  readonly imagesBySuspicion?: readonly Ranked[];
  readonly regions: readonly Ranked[];
}

/**
 * How well planted label faults are found: an object dropped, swapped or shifted in a share of the images, by seeds. Images by label
 * quality, regions as suspects; beside both, cleanlab on the same probabilities, where the peers' Python has it.
 *
 * Flags: `--seeds 1,2,3`, `--share 0.05`, `--victim enet-camvid` in `--models DIR`, `--scenes 100` for so many drawn scenes
 * (0: CamVid's val).
 */
export async function run(): Promise<BenchmarkResult> {
  const { values } = parseArgs({
    allowPositionals: true,
    strict: false,
    options: {
      seeds: { type: 'string', default: '11,12,13,14,15,16' },
      share: { type: 'string', default: '0.05' },
      models: { type: 'string', default: DEFAULT_MODELS_FOLDER },
      victim: { type: 'string', default: 'enet-camvid' },
      scenes: { type: 'string', default: '0' },
    },
  }) as { values: Record<'seeds' | 'share' | 'models' | 'victim' | 'scenes', string> };
  const seeds = values.seeds.split(',').map(Number);
  const share = Number(values.share);
  const victim = await openModel(path.join(values.models, `${values.victim}.onnx`));
  const dataset = matchOutputs(
    await openDataset(
      values.scenes === '0'
        ? { name: 'camvid', dir: camvidFolder(), split: 'val' }
        : { name: 'sample', split: 'val', length: Number(values.scenes) },
    ),
    victim.facts.classes,
  );
  const folder = await mkdtemp(path.join(tmpdir(), 'segprobe-label-faults-'));
  try {
    const predicted = await writeProbabilities(dataset, victim, folder);
    const [ours, seconds]: [Ranking[], number[]] = [[], []];
    for (const seed of seeds) {
      const damaged = plantFaults(dataset, { share, seed });
      const audit = await auditDataset(damaged, { victim });
      seconds.push(1 / audit.evaluation.imagesPerSecond);
      const truth = await writeLabels(dataset, damaged, victim, folder, seed);
      ours.push(rankingOf(audit, truth, predicted));
    }
    const peers = await runPeer(folder, dataset, victim, seeds);
    const base = {
      name: 'label-faults',
      medianSeconds: median(seconds),
      peakRssBytes: peakRssBytes(),
      seeds: seeds.join(),
      share,
      scenes: `${dataset.length} of ${dataset.name}`,
      ours: JSON.stringify(summarize(ours)),
    };
    return peers.length < seeds.length
      ? base
      : { ...base, peer: 'cleanlab', cleanlab: JSON.stringify(summarize(peers)) };
  } finally {
    await dataset.close();
    await rm(folder, { recursive: true });
  }
}

/** Writes softmax probabilities of all scenes, float32 `[N, K, H, W]`, and gives the predicted label maps. */
async function writeProbabilities(
  dataset: Dataset,
  victim: OpenedModel,
  folder: string,
): Promise<Uint8Array[]> {
  const size = victim.facts.inputSize;
  const channels = victim.facts.classes.length;
  const model = await loadImageModel(victim.path, 2);
  const file = createWriteStream(path.join(folder, 'probabilities.f32'));
  const predicted: Uint8Array[] = [];
  for (let index = 0; index < dataset.length; index++) {
    const { image } = await dataset.read(index, size);
    const input = imageTensor(toImageTensor(image), size);
    const logits = await runImageModel(model, input, { name: 'logits', channels });
    predicted.push(argmaxOverClasses(logits, channels));
    await write(file, new Uint8Array(softmax(logits, channels).buffer));
  }
  file.end();
  await finished(file);
  return predicted;
}

function softmax(logits: Float32Array, channels: number): Float32Array<ArrayBuffer> {
  const pixels = logits.length / channels;
  const shares = new Float32Array(logits.length);
  for (let i = 0; i < pixels; i++) {
    let greatest = -Infinity;
    for (let at = i; at < logits.length; at += pixels) greatest = Math.max(greatest, logits[at]!);
    let sum = 0;
    for (let at = i; at < logits.length; at += pixels) {
      sum += shares[at] = Math.exp(logits[at]! - greatest);
    }
    for (let at = i; at < logits.length; at += pixels) shares[at]! /= sum;
  }
  return shares;
}

interface Truth {
  /** By scene: the damaged labels, and 1 where they differ from the data set's and are labelled. */
  readonly labels: readonly Uint8Array[];
  readonly faults: readonly Uint8Array[];
}

async function writeLabels(
  dataset: Dataset,
  damaged: Dataset,
  victim: OpenedModel,
  folder: string,
  seed: number,
): Promise<Truth> {
  const size = victim.facts.inputSize;
  const { ignoreIndex } = dataset.classTable;
  const [labels, faults]: [Uint8Array[], Uint8Array[]] = [[], []];
  const files = ['labels', 'faults'].map((name) =>
    createWriteStream(path.join(folder, `${name}-${seed}.u8`)),
  ) as [WriteStream, WriteStream];
  for (let index = 0; index < dataset.length; index++) {
    const [{ label: whole }, { label }] = [
      await dataset.read(index, size),
      await damaged.read(index, size),
    ];
    const fault = label.map((own, i) => (own !== whole[i] && own !== ignoreIndex ? 1 : 0));
    labels.push(label);
    faults.push(fault);
    await write(files[0], label);
    await write(files[1], fault);
  }
  for (const file of files) {
    file.end();
    await finished(file);
  }
  return { labels, faults };
}

async function write(file: WriteStream, bytes: Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    file.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

function rankingOf(
  { images, suspects, size }: Audit,
  { labels, faults }: Truth,
  predicted: readonly Uint8Array[],
): Ranking {
  const hitsOf = ({ index, box, given, suggested }: Suspect): number => {
    let hits = 0;
    for (let y = box[1]; y < box[3]; y++) {
      for (let x = box[0]; x < box[2]; x++) {
        const i = y * size.width + x;
        const isInside = labels[index]![i] === given && predicted[index]![i] === suggested;
        if (isInside) hits += faults[index]![i]!;
      }
    }
    return hits;
  };
  return {
    images: images.map(({ index, labelQuality }) => ({
      score: -(labelQuality ?? 1),
      isFault: faults[index]!.includes(1),
    })),
    imagesBySuspicion: images.map(({ index, suspicion }) => ({
      score: suspicion,
      isFault: faults[index]!.includes(1),
    })),
    regions: suspects.map((suspect) => ({
      score: suspect.score,
      isFault: 2 * hitsOf(suspect) >= suspect.pixels,
    })),
  };
}

interface PeerLine {
  readonly scores: readonly number[];
  readonly regions: readonly (readonly [
    image: number,
    pixels: number,
    score: number,
    hits: number,
  ])[];
}

/** cleanlab's rankings by seed; fewer where it is not installed. */
async function runPeer(
  folder: string,
  dataset: Dataset,
  victim: OpenedModel,
  seeds: readonly number[],
): Promise<Ranking[]> {
  const script = fileURLToPath(new URL('./peers/label_faults.py', import.meta.url));
  const { inputSize, classes } = victim.facts;
  const sizes = [dataset.length, classes.length, inputSize.height, inputSize.width];
  const args = [
    script,
    folder,
    ...[...sizes, dataset.classTable.ignoreIndex, ...seeds].map(String),
  ];
  const child = spawn(peersPython(), args, { stdio: ['ignore', 'pipe', 'inherit'] });
  child.on('error', () => undefined);
  const rankings: Ranking[] = [];
  for await (const text of createInterface({ input: child.stdout })) {
    const { scores, regions } = JSON.parse(text) as PeerLine;
    const damaged = new Set(
      await damagedImages(folder, seeds[rankings.length]!, inputSize.height * inputSize.width),
    );
    rankings.push({
      images: scores.map((score, i) => ({ score: -score, isFault: damaged.has(i) })),
      regions: regions
        .filter(([, pixels]) => pixels >= LEAST_PIXELS)
        .map(([, pixels, score, hits]) => ({ score, isFault: 2 * hits >= pixels })),
    });
  }
  return rankings;
}

async function damagedImages(folder: string, seed: number, pixels: number): Promise<number[]> {
  const faults = await readFile(path.join(folder, `faults-${seed}.u8`));
  return Array.from({ length: faults.length / pixels }, (_, i) => i).filter((i) =>
    faults.subarray(i * pixels, (i + 1) * pixels).includes(1),
  );
}

/** Means over the plantings. */
function summarize(rankings: readonly Ranking[]): Record<string, number> {
  const mean = (measure: (ranking: Ranking) => number): number =>
    rankings.reduce((sum, ranking) => sum + measure(ranking), 0) / rankings.length;
  const bySuspicion = ({ imagesBySuspicion, images }: Ranking): readonly Ranked[] =>
    imagesBySuspicion ?? images;
  return {
    softminAuroc: mean(({ images }) => auroc(images)),
    softminAuprc: mean(({ images }) => averagePrecision(images)),
    imageAuroc: mean((ranking) => auroc(bySuspicion(ranking))),
    imageAuprc: mean((ranking) => averagePrecision(bySuspicion(ranking))),
    imageLiftAt5: mean((ranking) => liftAt(bySuspicion(ranking), 5)),
    regionAuroc: mean(({ regions }) => auroc(regions)),
    regionAuprc: mean(({ regions }) => averagePrecision(regions)),
    regionPrecisionAt5: mean(({ regions }) => precisionAt(regions, 5)),
    regions: mean(({ regions }) => regions.length),
  };
}

function byScore(ranked: readonly Ranked[]): Ranked[] {
  return [...ranked].sort((a, b) => b.score - a.score);
}

/** The area under precision over recall, as scikit-learn's `average_precision_score` (no two scores are equal here). */
function averagePrecision(ranked: readonly Ranked[]): number {
  let [hits, sum] = [0, 0];
  byScore(ranked).forEach(({ isFault }, i) => {
    if (isFault) sum += ++hits / (i + 1);
  });
  return hits === 0 ? 0 : sum / hits;
}

/** The share of pairs of a fault and another in which the fault has the higher score. */
function auroc(ranked: readonly Ranked[]): number {
  let [others, pairs] = [0, 0];
  for (const { isFault } of byScore(ranked).reverse()) {
    if (isFault) pairs += others;
    else others++;
  }
  return pairs / (others * (ranked.length - others));
}

function precisionAt(ranked: readonly Ranked[], count: number): number {
  return (
    byScore(ranked)
      .slice(0, count)
      .filter(({ isFault }) => isFault).length / count
  );
}

/** How many times as many faults are among the first as by chance. */
function liftAt(ranked: readonly Ranked[], count: number): number {
  const base = ranked.filter(({ isFault }) => isFault).length / ranked.length;
  return precisionAt(ranked, count) / base;
}
