import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Size } from '../../data/dataset.js';
import { findWebGpu, type WebGpu } from '../../graph/native/webgpu.js';
import { assertNotAborted } from '../../inference/gate.js';
import { findForm } from '../../inference/model-forms.js';
import type { OpenedModel } from '../../inference/open-model.js';
import { messageOf } from '../../shared/errors.js';
import { compareOutputs, type OutputComparison } from './compare-outputs.js';
import { createReference, type Reference, readOutputs } from './reference.js';
import { type ElsewhereRun, runElsewhere } from './run-elsewhere.js';
import { type Runtime, RUNTIMES, type VerifiedForm } from './runtimes.js';

/** One model in one form on one runtime. */
export interface RuntimeVerification extends Size {
  readonly model: string;
  readonly form: VerifiedForm;
  readonly package: Runtime['package'];
  readonly provider: Runtime['provider'];
  readonly threads: number | null;
  /** What computes, where the runtime says: the adapter of WebGPU. */
  readonly device: string | null;
  /** Null where it did not run. */
  readonly found: RuntimeFindings | null;
  /** Why it did not run. */
  readonly problem: string | null;
}

export interface RuntimeFindings extends OutputComparison {
  /** Of the graph that the runtime made of the file. */
  readonly nodes: number;
  /** Nodes that another provider ran, by operator. */
  readonly nodesElsewhere: Readonly<Record<string, number>>;
  /** Whether all nodes ran on the provider, as its profile says, and the outputs are equal at {@link LEAST_AGREEMENT} of the pixels. */
  readonly isSame: boolean;
  /** Of one picture, in the middle. */
  readonly medianMs: number;
}

/** The share of pixels that must be equal everywhere. */
export const LEAST_AGREEMENT = 0.9999;

/** What an adapter that computes on the CPU is given: it takes a minute for what a GPU does in milliseconds. */
const SOFTWARE_SIZE: Size = { height: 64, width: 96 };

export interface VerifyOptions {
  /** Gives the same pictures at any size, uint8 `[H, W, 3]` each. */
  readonly pictures: (size: Size) => Promise<readonly Uint8Array[]>;
  /** @defaultValue all */
  readonly runtimes?: readonly Runtime[];
  /** Says where drivers are. @defaultValue the process's */
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  /** Told of each row as it is known. */
  readonly onRow?: ((row: RuntimeVerification) => void) | undefined;
}

/**
 * Runs models, in the forms that lie beside them, on every runtime, and compares what they give with `NAME.onnx` run on the CPU node by node,
 * as it is written.
 *
 * @throws SegprobeError `CANCELLED`. Error for a model that the CPU does not run.
 */
export async function verifyEverywhere(
  models: readonly OpenedModel[],
  { pictures, runtimes = RUNTIMES, env = process.env, signal, onRow }: VerifyOptions,
): Promise<RuntimeVerification[]> {
  const webgpu = await findWebGpu(env);
  const rows: RuntimeVerification[] = [];
  for (const model of models) {
    await withFolder(async (folder) => {
      const references = new Map<Size, Promise<Reference>>();
      for (const runtime of runtimes) {
        const size = sizeFor(model, runtime, webgpu);
        const createOwn = async () =>
          createReference(folder, { model, size, pictures: await pictures(size), env, signal });
        if (!references.has(size)) references.set(size, createOwn());
        for (const form of runtime.forms) {
          assertNotAborted(signal);
          const file = await fileOf(model, form);
          if (file === null) continue;
          const reference = await references.get(size)!;
          const row = await verifyOn(runtime, {
            model,
            form,
            file,
            reference,
            webgpu,
            env,
            signal,
          });
          rows.push(row);
          onRow?.(row);
        }
      }
    });
  }
  return rows;
}

interface Subject {
  readonly model: OpenedModel;
  readonly form: VerifiedForm;
  readonly file: string;
  readonly reference: Reference;
  readonly webgpu: WebGpu;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal | undefined;
}

async function verifyOn(
  runtime: Runtime,
  { model, form, file, reference, webgpu, env, signal }: Subject,
): Promise<RuntimeVerification> {
  const { package: own, provider, threads } = runtime;
  const { height, width, pictures } = reference;
  const isWebGpu = provider === 'webgpu';
  const device = isWebGpu ? webgpu.name : null;
  const row = { model: model.name, form, package: own, provider, threads, device, height, width };
  try {
    const request = { package: own, provider, threads, file, height, width, pictures };
    const run = await runElsewhere(request, isWebGpu ? webgpu.env : env, signal);
    const comparison = compareOutputs(await readOutputs(reference), reference, model.facts);
    return { ...row, found: findingsOf(run, runtime, comparison), problem: null };
  } catch (error) {
    assertNotAborted(signal);
    return { ...row, found: null, problem: messageOf(error) };
  }
}

function findingsOf(
  { nodes, milliseconds }: ElsewhereRun,
  { profiledAs }: Runtime,
  comparison: OutputComparison,
): RuntimeFindings {
  const nodesElsewhere: Record<string, number> = {};
  for (const { provider, operator } of nodes) {
    if (provider === profiledAs) continue;
    nodesElsewhere[operator] = (nodesElsewhere[operator] ?? 0) + 1;
  }
  const isWhole = nodes.length > 0 && Object.keys(nodesElsewhere).length === 0;
  return {
    nodes: nodes.length,
    nodesElsewhere,
    ...comparison,
    isSame: isWhole && comparison.agreement >= LEAST_AGREEMENT,
    medianMs: [...milliseconds].sort((a, b) => a - b)[milliseconds.length >> 1]!,
  };
}

/** Sizes are told apart by identity: each is one of two. */
function sizeFor({ facts }: OpenedModel, { provider }: Runtime, { isSoftware }: WebGpu): Size {
  // A universal perturbation fits pictures of its own size alone, and is cheap.
  return provider === 'webgpu' && isSoftware ? SOFTWARE_SIZE : facts.inputSize;
}

async function fileOf(model: OpenedModel, form: VerifiedForm): Promise<string | null> {
  return form === 'onnx' ? model.path : ((await findForm(model, form))?.path ?? null);
}

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'segprobe-verify-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
