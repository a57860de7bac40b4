/**
 * Runs a model file on one runtime: the argument is a {@link RunRequest} as JSON. Writes each picture's output to a file, and prints an
 * {@link RunAnswer} as the last line, behind the profile where the runtime prints that itself. A process of its own: drivers are looked for where
 * the environment said at the start, may complain or crash, and leave threads behind.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { messageOf } from '../../shared/errors.js';
import { toImageTensor } from '../../shared/image-tensor.js';
import { profileRun } from '../../inference/examine/profile-run.js';
import type { Runtime } from './runtimes.js';

/** What is to be run. */
export interface RunRequest extends Pick<Runtime, 'package' | 'provider' | 'threads'> {
  readonly file: string;
  /** Node by node, nothing fused. @defaultValue false */
  readonly isAsWritten?: boolean;
  readonly height: number;
  readonly width: number;
  /** Files of uint8 `[H, W, 3]`, and where their outputs go, `[1, …]` flattened as the model gives them. */
  readonly pictures: readonly { readonly from: string; readonly to: string }[];
}

/** How it went. */
export type RunAnswer =
  | { readonly refusal: string }
  | {
      /** Of each picture's run, after one that is not measured. */
      readonly milliseconds: readonly number[];
      /** What a profile says of each node, where the runtime writes it to a file. */
      readonly nodes?: readonly ProfiledNode[];
    };

/** Which provider ran a node. */
export interface ProfiledNode {
  readonly provider: string;
  readonly operator: string;
}

async function run(request: RunRequest): Promise<RunAnswer> {
  const { file, height, width } = request;
  const bytes = new Uint8Array(await readFile(file));
  const { open, nodes } = await RUN_IN[request.package](bytes, request);
  const { session, Tensor } = await open();
  const milliseconds: number[] = [];
  for (const [i, { from, to }] of [request.pictures[0]!, ...request.pictures].entries()) {
    const rgb = new Uint8Array(await readFile(from));
    const feeds = session.inputNames.includes('image_u8')
      ? { image_u8: new Tensor('uint8', rgb, [1, height, width, 3]) }
      : { image: new Tensor('float32', toImageTensor(rgb), [1, 3, height, width]) };
    const started = performance.now();
    const outputs = await session.run(feeds);
    const values = (await outputs[session.outputNames[0]!]!.getData()) as Float32Array | Uint8Array;
    if (i > 0) milliseconds.push(performance.now() - started);
    await writeFile(to, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  session.endProfiling(); // onnxruntime-web prints it.
  return { milliseconds, ...(nodes !== undefined && { nodes }) };
}

/** By package: how to open a session there, and the profile of a run where that comes as a file. */
const RUN_IN = {
  'onnxruntime-node': async (bytes: Uint8Array, request: RunRequest) => {
    const { InferenceSession, Tensor } = await import('onnxruntime-node');
    const { provider, threads, isAsWritten, file, height, width } = request;
    const options = {
      // What the provider lacks goes to the CPU none the less; the profile tells.
      executionProviders: [provider],
      ...(threads !== null && { intraOpNumThreads: threads }),
      ...(isAsWritten && { graphOptimizationLevel: 'disabled' as const }),
      logSeverityLevel: 4,
      extra: { session: { set_denormal_as_zero: '1' } },
    } as const;
    const size = { height, width };
    const profile = await profileRun(bytes, file, { session: options, batch: 1, size });
    const nodes = profile.map((node) => ({ provider: node.provider, operator: node.opType }));
    return {
      nodes,
      open: async () => ({ Tensor, session: await InferenceSession.create(bytes, options) }),
    };
  },
  'onnxruntime-web': async (bytes: Uint8Array, { threads }: RunRequest) => {
    const { env, InferenceSession, Tensor } = await import('onnxruntime-web');
    env.wasm.numThreads = threads ?? 1;
    const options = { executionProviders: ['wasm'], enableProfiling: true } as const;
    return {
      nodes: undefined,
      open: async () => ({ Tensor, session: await InferenceSession.create(bytes, options) }),
    };
  },
} as const;

const answer: RunAnswer = await run(JSON.parse(process.argv[2]!) as RunRequest).catch(
  // What the runtime itself said, where we said more about it.
  (error: Error) => ({ refusal: messageOf(error.cause ?? error) }),
);
// Threads of drivers and of WebAssembly would go on.
process.stdout.write(`\n${JSON.stringify(answer)}\n`, () => process.exit(0));
