import { availableParallelism } from 'node:os';
import { type Command, InvalidArgumentError } from 'commander';
import type { Size } from '../data/dataset.js';
import { benchModel, type ModelBenchmark, WARM_UP } from '../inference/examine/bench-model.js';
import { readModelFile } from '../inference/examine/model-file.js';
import { factsOf } from '../inference/examine/inspect-model.js';
import { FALLBACK_SIZE } from '../inference/examine/random-inputs.js';
import { DEFAULT_MODELS_FOLDER } from '../inference/open-model.js';
import { withInterrupt } from './interrupt.js';
import { positiveInteger } from './numbers.js';
import { printJson, printLine } from './output.js';
import { startProgress } from './progress.js';
import { formatPercent } from './scores.js';
import { addSizeFlag } from './size-flag.js';
import { formatTable } from './tables.js';

interface BenchFlags {
  readonly models: string;
  readonly size?: Size;
  readonly threads: readonly number[];
  readonly batch: readonly number[];
  readonly runs: number;
  readonly json?: boolean;
}

/** Operators that take less of the time are summed up. */
const LEAST_SHARE_SHOWN = 0.005;

/** `segprobe bench` */
export function configureBench(command: Command): void {
  const cores = availableParallelism();
  const threads = cores === 1 ? [1] : [1, cores];
  addSizeFlag(
    command
      .argument('<model>', 'an ONNX file, or the name of a model')
      .option('--models <dir>', 'folder of the models', DEFAULT_MODELS_FOLDER)
      .option('--threads <list>', 'threads of a session, with commas between', integers, threads)
      .option('--batch <list>', 'pictures a run, with commas between', integers, [1])
      .option('--runs <n>', 'measured runs of each combination', positiveInteger, 30),
  )
    .option('--json', 'print the result as one JSON object')
    .action(async (model: string, flags: BenchFlags) => {
      const file = await readModelFile(model, flags.models);
      const total = (WARM_UP + flags.runs) * flags.threads.length * flags.batch.length;
      const progress = startProgress(model, total);
      try {
        const benchmark = await withInterrupt(
          () => progress.log('stopping; Ctrl-C again ends at once'),
          (signal) =>
            benchModel(file, {
              threads: flags.threads,
              batches: flags.batch,
              size: flags.size ?? factsOf(file)?.inputSize ?? FALLBACK_SIZE,
              runs: flags.runs,
              signal,
              onProgress: (done) => progress.update(done),
            }),
        );
        progress.stop();
        if (flags.json) printJson(benchmark);
        else printLine(describe(benchmark));
      } finally {
        progress.stop();
      }
    });
}

function describe({
  file,
  width,
  height,
  runs,
  timings,
  operators,
  denormalWeights,
}: ModelBenchmark): string {
  const shown = operators.filter(({ share }) => share >= LEAST_SHARE_SHOWN);
  const [first] = timings;
  return [
    `${file}: noise of ${width}×${height}, ${runs} runs each, in turn`,
    formatTable([
      ['  threads', 'batch', '  median ms', '     p95 ms', '   least ms', ' images/s'],
      ...timings.map(({ threads, batch, medianMs, p95Ms, leastMs, imagesPerSecond }) => [
        String(threads).padStart(9),
        String(batch).padStart(5),
        ...[medianMs, p95Ms, leastMs].map((ms) => ms.toFixed(2).padStart(11)),
        imagesPerSecond.toFixed(1).padStart(9),
      ]),
    ]),
    `time by operator, ${first!.threads === 1 ? '1 thread' : `${first!.threads} threads`}, batch ${first!.batch}:`,
    formatTable([
      ['  operator', 'nodes', '       ms', '   share'],
      ...shown.map(({ operator, count, milliseconds, share }) => [
        `  ${operator}`,
        String(count).padStart(5),
        milliseconds.toFixed(2).padStart(9),
        formatPercent(share).padStart(8),
      ]),
    ]),
    ...(shown.length < operators.length
      ? [`  and ${operators.length - shown.length} of less than ${100 * LEAST_SHARE_SHOWN} % each`]
      : []),
    denormalWeights === 0
      ? 'no denormal weights'
      : `${denormalWeights.toLocaleString('en')} denormal weights: slow on many processors`,
  ].join('\n');
}

/** `1,2,4` → `[1, 2, 4]`. */
function integers(text: string): number[] {
  const numbers = text.split(',').map((word) => positiveInteger(word.trim()));
  if (new Set(numbers).size === numbers.length) return numbers;
  throw new InvalidArgumentError(`expected different numbers, got ${text}`);
}
