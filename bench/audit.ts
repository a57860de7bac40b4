import path from 'node:path';
import { parseArgs } from 'node:util';
import { openDataset } from '../src/data/open-dataset.js';
import { auditDataset } from '../src/inference/audit/audit-dataset.js';
import { evaluateDataset } from '../src/inference/evaluate-dataset.js';
import { DEFAULT_MODELS_FOLDER, openModel } from '../src/inference/open-model.js';
import { type BenchmarkResult, median, peakRssBytes } from './benchmark.js';
import { camvidFolder } from './camvid-folder.js';

/**
 * What the fault report's pass costs beside `evaluate`: both over the same scenes, in turn; and its memory, noted at each tenth of the scenes.
 *
 * Flags: `--scenes 300` (sample scenes; 0 for CamVid's val), `--attacker mal-camvid-linf8`, `--rounds 5`, `--height 360`, `--width 480`.
 */
export async function run(): Promise<BenchmarkResult> {
  const { values } = parseArgs({
    allowPositionals: true,
    strict: false,
    options: {
      scenes: { type: 'string', default: '300' },
      rounds: { type: 'string', default: '5' },
      attacker: { type: 'string' },
      height: { type: 'string', default: '360' },
      width: { type: 'string', default: '480' },
    },
  }) as {
    values: Record<'scenes' | 'rounds' | 'height' | 'width', string> & { attacker?: string };
  };
  const [scenes, rounds] = [Number(values.scenes), Number(values.rounds)];
  const open = (name: string): ReturnType<typeof openModel> =>
    openModel(path.join(DEFAULT_MODELS_FOLDER, `${name}.onnx`));
  const victim = await open('enet-camvid');
  const attacker = values.attacker === undefined ? undefined : await open(values.attacker);
  const dataset = await openDataset(
    scenes === 0
      ? { name: 'camvid', dir: camvidFolder(), split: 'val' }
      : { name: 'sample', split: 'val', length: scenes, seed: 4 },
  );
  const [evaluate, audit]: [number[], number[]] = [[], []];
  // CPU time of a picture, in ms, once the models are loaded: what images/s depend on where cores are shared.
  const cpu: { readonly evaluate: number[]; readonly audit: number[] } = {
    evaluate: [],
    audit: [],
  };
  const measureCpu = (of: number[]) => {
    let before: NodeJS.CpuUsage | undefined;
    return (done: number, total: number): void => {
      if (done === 0) before = process.cpuUsage();
      if (done < total || before === undefined) return;
      const { user, system } = process.cpuUsage(before);
      of.push((user + system) / 1000 / total);
    };
  };
  const megabytes: number[] = [];
  const note = (done: number, total: number): void => {
    if (done > 0 && done % Math.ceil(total / 10) === 0) {
      megabytes.push(Math.round(process.memoryUsage.rss() / 1e6));
    }
  };
  const size = { height: Number(values.height), width: Number(values.width) };
  const models = { victim, attacker, size };
  for (let round = 0; round < rounds; round++) {
    const evaluated = await evaluateDataset(dataset, {
      ...models,
      onProgress: measureCpu(cpu.evaluate),
    });
    evaluate.push(evaluated.imagesPerSecond);
    const told = measureCpu(cpu.audit);
    const { evaluation } = await auditDataset(dataset, {
      ...models,
      onProgress: (done, total) => {
        note(done, total);
        told(done, total);
      },
    });
    audit.push(evaluation.imagesPerSecond);
  }
  await dataset.close();
  return {
    name: 'audit',
    medianSeconds: 1 / median(audit),
    peer: 'evaluate',
    peerMedianSeconds: 1 / median(evaluate),
    images: dataset.length,
    rounds,
    attacker: attacker?.name ?? null,
    imagesPerSecond: median(audit),
    evaluateImagesPerSecond: median(evaluate),
    // Of each round's pair: more is faster.
    throughputRatio: median(audit.map((speed, i) => speed / evaluate[i]!)),
    cpuMs: median(cpu.audit),
    evaluateCpuMs: median(cpu.evaluate),
    cpuRatio: median(cpu.audit.map((ms, i) => cpu.evaluate[i]! / ms)),
    peakRssBytes: peakRssBytes(),
    megabytesByTenth: megabytes.slice(-10).join(' '),
  };
}
