import { InferenceSession, type Tensor } from 'onnxruntime-node';
import type { Size } from '../../data/dataset.js';
import { SegprobeError, messageOf } from '../../shared/errors.js';
import { assertNotAborted } from '../gate.js';
import { sessionOptions } from '../session.js';
import type { ModelFile } from './model-file.js';
import { profileRun } from './profile-run.js';
import { createInputs } from './random-inputs.js';
import { countDenormals } from './weights.js';

export interface BenchModelOptions {
  /** Threads of a session; each is tried with each batch. */
  readonly threads: readonly number[];
  /** Pictures a run, where the model leaves that open. */
  readonly batches: readonly number[];
  /** Of the pictures, where the model leaves it open. */
  readonly size: Size;
  /** Measured runs of each, in turn, after {@link WARM_UP} that are not. */
  readonly runs: number;
  readonly signal?: AbortSignal | undefined;
  /** Told after each run how many are done, of how many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** How fast a model runs, as `segprobe bench --json` prints it. */
export interface ModelBenchmark extends Size {
  readonly file: string;
  readonly runs: number;
  readonly timings: readonly ModelTiming[];
  /** Of the first timing's threads and batch, on the graph that ONNX Runtime made of the file: the slowest first. */
  readonly operators: readonly OperatorTime[];
  /** Weights too small for a normal float32, which make many processors slow. */
  readonly denormalWeights: number;
}

export interface ModelTiming {
  readonly threads: number;
  readonly batch: number;
  readonly medianMs: number;
  /** 95 of 100 runs took no longer. */
  readonly p95Ms: number;
  readonly leastMs: number;
  /** At the median. */
  readonly imagesPerSecond: number;
}

export interface OperatorTime {
  readonly operator: string;
  /** Nodes of it. */
  readonly count: number;
  /** Of all of them in one run. */
  readonly milliseconds: number;
  /** Of all operators' time, 0..1. */
  readonly share: number;
}

/** Runs that are not measured: the first allocate memory. */
export const WARM_UP = 3;
/** Runs that the operators' times are averaged over. */
const PROFILED_RUNS = 10;

/**
 * Measures how fast a model runs on noise, by threads and batch, and which operators take the time. The combinations run in turn, so
 * that a slow minute of the machine counts for all.
 *
 * @throws SegprobeError `MODEL_INVALID` for a model that does not run, `CANCELLED`.
 */
export async function benchModel(
  file: ModelFile,
  options: BenchModelOptions,
): Promise<ModelBenchmark> {
  const { threads, batches, size, runs, signal, onProgress } = options;
  const combinations = threads.flatMap((count) =>
    batches.map((batch) => ({ threads: count, batch })),
  );
  const [first] = combinations;
  // Before the sessions: it says what is wrong with a model that does not run.
  const nodes = await profileRun(file.bytes, file.path, {
    session: sessionOptions(first!.threads),
    batch: first!.batch,
    size,
    runs: PROFILED_RUNS,
  });
  const sessions = await Promise.all(
    combinations.map((combination) => open(file, { ...combination, size })),
  );
  try {
    const total = (WARM_UP + runs) * sessions.length;
    for (let round = 0; round < WARM_UP + runs; round++) {
      for (const [i, one] of sessions.entries()) {
        assertNotAborted(signal);
        const milliseconds = await timeRun(file, one);
        if (round >= WARM_UP) one.milliseconds.push(milliseconds);
        onProgress?.(round * sessions.length + i + 1, total);
      }
    }
    return {
      file: file.path,
      height: size.height,
      width: size.width,
      runs,
      timings: sessions.map(toTiming),
      operators: byOperator(nodes),
      denormalWeights: countDenormals(file.model.graph),
    };
  } finally {
    await Promise.all(sessions.map(({ session }) => session.release()));
  }
}

interface TimedSession {
  readonly threads: number;
  readonly batch: number;
  readonly session: InferenceSession;
  readonly inputs: Record<string, Tensor>;
  readonly milliseconds: number[];
}

async function open(
  { bytes, path }: ModelFile,
  { threads, batch, size }: { threads: number; batch: number; size: Size },
): Promise<TimedSession> {
  const session = await InferenceSession.create(bytes, sessionOptions(threads));
  const inputs = createInputs(session.inputMetadata, { batch, size }, path);
  return { threads, batch, session, inputs, milliseconds: [] };
}

async function timeRun({ path }: ModelFile, { session, inputs }: TimedSession): Promise<number> {
  const started = performance.now();
  try {
    await session.run(inputs);
  } catch (cause) {
    throw new SegprobeError(
      'MODEL_INVALID',
      `${path}: expected a model that ONNX Runtime runs, got ${messageOf(cause)}`,
      { cause },
    );
  }
  return performance.now() - started;
}

function toTiming({ threads, batch, milliseconds }: TimedSession): ModelTiming {
  const sorted = [...milliseconds].sort((a, b) => a - b);
  // The least value that so large a share does not exceed.
  const quantile = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1]!;
  const medianMs = quantile(0.5);
  return {
    threads,
    batch,
    medianMs,
    p95Ms: quantile(0.95),
    leastMs: sorted[0]!,
    imagesPerSecond: (1000 * batch) / medianMs,
  };
}

function byOperator(
  nodes: readonly { readonly opType: string; readonly microseconds: number }[],
): OperatorTime[] {
  const sums = new Map<string, { count: number; microseconds: number }>();
  for (const { opType, microseconds } of nodes) {
    const sum = sums.get(opType) ?? { count: 0, microseconds: 0 };
    sums.set(opType, { count: sum.count + 1, microseconds: sum.microseconds + microseconds });
  }
  const total = nodes.reduce((sum, { microseconds }) => sum + microseconds, 0);
  return [...sums]
    .map(([operator, { count, microseconds }]) => ({
      operator,
      count: count / PROFILED_RUNS,
      milliseconds: microseconds / 1000 / PROFILED_RUNS,
      share: microseconds / total,
    }))
    .sort((a, b) => b.milliseconds - a.milliseconds);
}
