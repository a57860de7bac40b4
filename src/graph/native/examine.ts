import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { messageOf } from '../../shared/errors.js';
import { createNativeContext, type NativeContext } from './context.js';
import { readLink, type Linked } from './link.js';
import { findNvidia, type NvidiaFacts } from './nvidia.js';
import { probeBinding } from './probe.js';
import { run } from './run.js';
import { findTools, mendCommand, type ToolName } from './tools.js';
import { findWebGpuAdapter, type WebGpuAdapter } from './webgpu.js';

const require = createRequire(import.meta.url);

/** The oldest Node that segprobe runs on: `engines` of package.json. */
const OLDEST_NODE = [20, 9] as const;

interface Ready<Facts> {
  readonly ready: boolean;
  /** Why it is not ready; null when it is. */
  readonly problem: string | null;
  /** What it says of itself; null when it is not ready. */
  readonly facts: Facts | null;
}

/** What a machine has of what segprobe needs. */
export interface Examination {
  readonly node: { readonly version: string; readonly supported: boolean };
  readonly machine: {
    readonly system: string;
    readonly processor: string;
    readonly cores: number;
    readonly memoryBytes: number;
    readonly freeMemoryBytes: number;
    readonly cacheDir: string;
    readonly freeDiskBytes: number;
  };
  readonly tensorflow: Ready<{
    readonly version: string;
    readonly variant: Linked;
    readonly cuda: boolean;
    readonly oneDnn: boolean;
  }>;
  readonly onnxruntime: Ready<{ readonly version: string; readonly backends: readonly string[] }>;
  readonly wasm: Ready<{ readonly version: string }>;
  /** Its adapter; optional, so never missing. */
  readonly webgpu: Ready<WebGpuAdapter>;
  /** The versions of the tools that set-up needs; null where one is missing. */
  readonly tools: Readonly<Record<ToolName, string | null>>;
  readonly nvidia: NvidiaFacts;
  /** What is missing to serve and to train. */
  readonly missing: readonly string[];
  /** The one command that mends it; null when nothing is missing. */
  readonly mend: string | null;
}

/** Looks at the machine, the backends and the tools. Nothing is changed. */
export async function examine(given: Partial<NativeContext> = {}): Promise<Examination> {
  const context = createNativeContext(given);
  const [machine, tensorflow, onnxruntime, wasm, webgpu, toolbox, nvidia] = await Promise.all([
    examineMachine(context),
    ready(() => examineTensorFlow(context)),
    ready(() => examineOnnxRuntime(context)),
    ready(examineWasm),
    ready(() => examineWebGpu(context)),
    findTools(context.env),
    findNvidia(context.env),
  ]);
  const node = { version: process.versions.node, supported: isSupported(process.versions.node) };
  const npmCi = onnxruntime.ready && wasm.ready ? null : 'npm ci';
  const install = tensorflow.ready ? null : mendCommand(toolbox, context.env);
  const missing = [
    ...(node.supported ? [] : [`Node ${OLDEST_NODE.join('.')} or newer`]),
    ...(onnxruntime.ready ? [] : ['ONNX Runtime']),
    ...(wasm.ready ? [] : ['the WebAssembly backend']),
    ...(tensorflow.ready ? [] : ['native TensorFlow']),
  ];
  const commands = [npmCi, install].filter((command) => command !== null);
  const versions = Object.entries(toolbox).map(([name, tool]) => [name, tool?.version ?? null]);
  return {
    ...{ node, machine, tensorflow, onnxruntime, wasm, webgpu, nvidia, missing },
    tools: Object.fromEntries(versions) as Record<ToolName, string | null>,
    mend: commands.length > 0 ? commands.join(' && ') : null,
  };
}

function isSupported(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
}

async function ready<Facts>(look: () => Promise<Facts>): Promise<Ready<Facts>> {
  try {
    return { ready: true, problem: null, facts: await look() };
  } catch (error) {
    return { ready: false, problem: messageOf(error), facts: null };
  }
}

async function examineMachine({ cacheDir }: NativeContext): Promise<Examination['machine']> {
  let folder = cacheDir;
  while (!existsSync(folder)) folder = dirname(folder);
  const { bavail, bsize } = await statfs(folder);
  return {
    system: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    freeMemoryBytes: freemem(),
    cacheDir,
    freeDiskBytes: bavail * bsize,
  };
}

async function examineTensorFlow(context: NativeContext) {
  const variant = readLink(context);
  if (variant === undefined) throw new Error('not set up');
  const { tensorflow, cuda } = await probeBinding(context);
  // On by default in builds for x64; elsewhere only if it is asked for.
  const wish = context.env['TF_ENABLE_ONEDNN_OPTS'] ?? (process.arch === 'x64' ? '1' : '0');
  return { version: tensorflow, variant, cuda, oneDnn: wish === '1' || wish === 'true' };
}

async function examineOnnxRuntime({ env }: NativeContext) {
  const script = `
const ort = require(process.argv[1]);
const bundled = ort.listSupportedBackends().filter((backend) => backend.bundled);
process.stdout.write(JSON.stringify(bundled.map((backend) => backend.name)));`;
  const path = require.resolve('onnxruntime-node');
  const options = { env: { ...env, NODE_OPTIONS: '' }, timeoutMs: 60_000 };
  const backends = JSON.parse(
    await run([process.execPath, '-e', script, path], options),
  ) as string[];
  return { version: versionOf('onnxruntime-node'), backends };
}

async function examineWasm() {
  const version = versionOf('@tensorflow/tfjs-backend-wasm');
  require.resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm');
  return Promise.resolve({ version });
}

function versionOf(name: string): string {
  return (require(`${name}/package.json`) as { version: string }).version;
}

async function examineWebGpu({ env }: NativeContext): Promise<WebGpuAdapter> {
  const adapter = await findWebGpuAdapter(env);
  if (adapter === null) throw new Error('no adapter');
  return adapter;
}
