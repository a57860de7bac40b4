import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readFileWhole } from '../src/data/files.js';
import { readHashedCheckpoint } from '../src/export/hashed-checkpoint.js';
import { optimize } from '../src/export/optimize.js';
import { toServingForm } from '../src/export/serving-form.js';
import { createVictimGraph } from '../src/export/victim-graph.js';
import { multiplyAddsOf } from '../src/inference/examine/multiply-adds.js';
import { profileRun } from '../src/inference/examine/profile-run.js';
import {
  encodeModel,
  type GraphProto,
  makeGraph,
  makeModel,
  makeNode,
  makeTensor,
  makeTensorValueInfo,
} from '../src/shared/onnx/index.js';
import { useDevice } from '../src/train/device.js';
import { type BenchmarkResult, median } from './benchmark.js';
import { type Contestant, startContestant } from './contestant.js';
import { peersPython } from './python.js';

const CHECKPOINT = fileURLToPath(new URL('../save/enet-camvid', import.meta.url));
const SIZE = { height: 360, width: 480 };
const THREADS = 2;
/** The first rounds warm up; compiling takes a minute in the first. */
const [WARM_UP, ROUNDS] = [3, 25];
/** A matrix product that reaches the machine's peak: `[N, N] · [N, N]`. */
const PEAK = 768;

/**
 * A picture of 480×360 to labels: our graph as it is recorded, optimised, and in the form that serves, in ONNX Runtime; and, where the
 * peers' Python has them, PyTorch eager and compiled, and OpenVINO on the serving form. One after the other in each round, each
 * in a process of its own; the floor is what the convolutions take at the speed of a matrix product.
 */
export async function run(): Promise<BenchmarkResult> {
  const folder = await mkdtemp(path.join(tmpdir(), 'segprobe-bench-'));
  const files = await writeGraphs(folder);
  const multiplyAdds = await countMultiplyAdds(files.plain);
  const sizes = [THREADS, SIZE.height, SIZE.width].map(String);
  const ours = (file: string): Contestant =>
    startContestant(process.execPath, [
      '--import',
      'tsx',
      script('inference-session.ts'),
      file,
      ...sizes,
    ]);
  const peer = (...[mode, ...rest]: string[]): Contestant =>
    startContestant(peersPython(), [script('peers/inference.py'), mode!, ...sizes, ...rest]);
  const contestants = {
    serving: ours(files.serving),
    optimised: ours(files.optimised),
    plain: ours(files.plain),
    product: ours(files.product),
    eager: peer('eager'),
    compiled: peer('compiled'),
    openvino: peer('openvino', files.serving),
  };
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    for (const contestant of Object.values(contestants)) await contestant.run(round >= WARM_UP);
  }
  const { serving } = contestants;
  for (const contestant of Object.values(contestants)) contestant.stop();
  await rm(folder, { recursive: true });

  const { product, ...compared } = contestants;
  const flops = (2 * PEAK ** 3 * 1000) / Math.min(...product.milliseconds);
  const floorSeconds = (2 * multiplyAdds) / flops;
  const others = Object.entries(compared).filter(
    ([, { milliseconds }]) => milliseconds.length === serving.milliseconds.length,
  );
  const medians = Object.fromEntries(
    others.map(([name, one]) => [`${name}MedianMs`, median(one.milliseconds)]),
  );
  const ratios = Object.fromEntries(
    others
      .filter(([, one]) => one !== serving)
      .map(([name, one]) => [`of${name[0]!.toUpperCase()}${name.slice(1)}`, ratioOf(serving, one)]),
  );
  return {
    name: 'inference',
    medianSeconds: median(serving.milliseconds) / 1000,
    peakRssBytes: serving.peakRssBytes,
    ...('eagerMedianMs' in medians && {
      peer: 'PyTorch eager',
      peerMedianSeconds: medians['eagerMedianMs'] / 1000,
      ratio: ratios['ofEager'],
    }),
    ...medians,
    ...ratios,
    multiplyAdds,
    peakGflops: flops / 1e9,
    floorMs: 1000 * floorSeconds,
    timesTheFloor: median(serving.milliseconds) / 1000 / floorSeconds,
    threads: THREADS,
    ...SIZE,
  };
}

/** The middle of the rounds' ratios: neighbours in time, so that a slow minute of the machine counts for both. */
function ratioOf(ours: Contestant, other: Contestant): number {
  return median(ours.milliseconds.map((own, i) => own / other.milliseconds[i]!));
}

function script(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

async function writeGraphs(folder: string) {
  await useDevice('cpu', console.error);
  const { checkpoint, weightsFile } = await readHashedCheckpoint(CHECKPOINT);
  const { state, weights } = checkpoint;
  const { model } = state.config;
  const plain = createVictimGraph('enet', {
    model,
    classCount: state.classes.length,
    weights,
    weightsFile,
  });
  const write = async (name: string, graph: GraphProto): Promise<string> => {
    const file = path.join(folder, `${name}.onnx`);
    await writeFile(file, encodeModel(makeModel(graph)));
    return file;
  };
  return {
    plain: await write('plain', plain),
    optimised: await write('optimised', optimize(plain)),
    serving: await write('serving', toServingForm(plain)),
    product: await write('product', matrixProduct()),
  };
}

function matrixProduct(): GraphProto {
  const values = new Float32Array(PEAK * PEAK).fill(0.5);
  return makeGraph({
    name: 'product',
    nodes: [makeNode('MatMul', ['x', 'w'], ['y'])],
    inputs: [makeTensorValueInfo('x', 'float32', [PEAK, PEAK])],
    outputs: [makeTensorValueInfo('y', 'float32')],
    initializers: [makeTensor('w', 'float32', [PEAK, PEAK], values)],
  });
}

async function countMultiplyAdds(file: string): Promise<number> {
  const nodes = await profileRun(await readFileWhole(file), file, {
    // As it is written in the file; packed weights would be missing among the shapes.
    session: {
      graphOptimizationLevel: 'disabled',
      extra: { session: { disable_prepacking: '1' } },
    },
    batch: 1,
    size: SIZE,
  });
  return nodes.reduce((sum, node) => sum + multiplyAddsOf(node), 0);
}
