import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { z } from 'zod';
import { readFileWhole } from '../../data/files.js';
import { SegprobeError, messageOf } from '../../shared/errors.js';
import { createInputs, type OpenSizes } from './random-inputs.js';

/** One node's part of one run. */
export interface NodeRun {
  /** May be empty in files of other writers. */
  readonly name: string;
  readonly opType: string;
  readonly microseconds: number;
  /** Of the inputs that are given, weights among them. */
  readonly inputShapes: readonly (readonly number[])[];
  readonly outputShapes: readonly (readonly number[])[];
  /** Of all outputs. */
  readonly outputBytes: number;
  /** The execution provider that ran it. */
  readonly provider: string;
}

export interface ProfileOptions extends OpenSizes {
  readonly session: InferenceSession.SessionOptions;
  /** Runs that are told of, after one that is not. @defaultValue 1 */
  readonly runs?: number;
}

/**
 * Runs a model on noise and reads from ONNX Runtime's own profile what each node did: its shapes and its time. Works for every
 * operator that the runtime knows, with no shape inference of our own.
 *
 * @param bytes - the ONNX file.
 * @param what - names it in messages.
 * @returns the nodes in the order in which they ran, run after run.
 * @throws SegprobeError `MODEL_INVALID` for a model that does not load or run.
 */
export async function profileRun(
  bytes: Uint8Array,
  what: string,
  { session: options, runs = 1, ...open }: ProfileOptions,
): Promise<NodeRun[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'segprobe-profile-'));
  try {
    await runProfiled(bytes, what, {
      options: { ...options, enableProfiling: true, profileFilePrefix: path.join(folder, 'run') },
      runs: runs + 1,
      open,
    });
    const [file] = await readdir(folder);
    const text = new TextDecoder().decode(await readFileWhole(path.join(folder, file!)));
    return readEvents(JSON.parse(text), runs);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runProfiled(
  bytes: Uint8Array,
  what: string,
  {
    options,
    runs,
    open,
  }: { options: InferenceSession.SessionOptions; runs: number; open: OpenSizes },
): Promise<void> {
  let session: InferenceSession | undefined;
  try {
    session = await InferenceSession.create(bytes, options);
    const inputs = createInputs(session.inputMetadata, open, what);
    for (let run = 0; run < runs; run++) await session.run(inputs);
    session.endProfiling();
  } catch (cause) {
    if (cause instanceof SegprobeError) throw cause;
    throw new SegprobeError(
      'MODEL_INVALID',
      `${what}: expected a model that ONNX Runtime runs, got ${messageOf(cause)}`,
      { cause },
    );
  } finally {
    await session?.release();
  }
}

/** A shape by element type, e.g. `{"float": [1, 3, 360, 480]}`. */
const shapes = z
  .array(z.record(z.string(), z.array(z.number())))
  .transform((list) => list.flatMap((entry) => Object.values(entry)));

const nodeEvent = z.object({
  cat: z.literal('Node'),
  name: z.string().endsWith('_kernel_time'),
  ts: z.number(),
  dur: z.number(),
  args: z.object({
    op_name: z.string(),
    provider: z.string(),
    input_type_shape: shapes,
    output_type_shape: shapes,
    output_size: z.coerce.number(),
  }),
});

const runEvent = z.object({ name: z.literal('model_run'), ts: z.number() });

function readEvents(events: unknown, runs: number): NodeRun[] {
  const list = z.array(z.unknown()).parse(events);
  const begins = list
    .flatMap((event) => runEvent.safeParse(event).data ?? [])
    .map(({ ts }) => ts)
    .sort((a, b) => a - b);
  const first = begins.at(-runs)!;
  return list
    .flatMap((event) => nodeEvent.safeParse(event).data ?? [])
    .filter(({ ts }) => ts >= first)
    .sort((a, b) => a.ts - b.ts)
    .map(({ name, dur, args }) => ({
      name: name.slice(0, -'_kernel_time'.length),
      opType: args.op_name,
      microseconds: dur,
      inputShapes: args.input_type_shape,
      outputShapes: args.output_type_shape,
      outputBytes: args.output_size,
      provider: args.provider,
    }));
}
