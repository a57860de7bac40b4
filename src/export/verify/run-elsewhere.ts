import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { typescriptWorkerOptions } from '../../data/typescript-worker.js';
import { messageOf } from '../../shared/errors.js';
import type { ProfiledNode, RunAnswer, RunRequest } from './run-model.js';

/** A model that ran. */
export interface ElsewhereRun {
  readonly milliseconds: readonly number[];
  readonly nodes: readonly ProfiledNode[];
}

/** A profile of some runs and warnings of drivers. */
const MAX_STDOUT_BYTES = 256 * 1024 ** 2;

/**
 * Runs a model in a process of its own.
 *
 * @param env - of that process, which says where drivers are.
 * @throws Error with the reason where the runtime is not there, refuses the model, or takes the process down; `AbortError`.
 */
export async function runElsewhere(
  request: RunRequest,
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<ElsewhereRun> {
  const { filename, execArgv } = typescriptWorkerOptions('./run-model.ts', import.meta.url);
  let stdout: string;
  try {
    ({ stdout } = await promisify(execFile)(
      process.execPath,
      [...execArgv, filename, JSON.stringify(request)],
      { env, maxBuffer: MAX_STDOUT_BYTES, ...(signal && { signal }) },
    ));
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Error(stderr?.trim().split('\n').at(-1) || messageOf(error), { cause: error });
  }
  const lines = stdout.trimEnd().split('\n');
  const answer = JSON.parse(lines.pop()!) as RunAnswer;
  if ('refusal' in answer) throw new Error(answer.refusal);
  return { milliseconds: answer.milliseconds, nodes: answer.nodes ?? readPrintedProfile(lines) };
}

/** The nodes in a profile as onnxruntime-web prints it, an event a line; each once. */
function readPrintedProfile(lines: readonly string[]): ProfiledNode[] {
  const nodes = new Map<string, ProfiledNode>();
  for (const line of lines) {
    const name = /^\{"cat" : "Node",.*"name" :"(.*)_kernel_time"/.exec(line)?.[1];
    const provider = /"provider" : "(\w+)"/.exec(line)?.[1];
    const operator = /"op_name" : "(\w+)"/.exec(line)?.[1];
    const index = /"node_index" : "(\d+)"/.exec(line)?.[1];
    if (name === undefined || provider === undefined || operator === undefined) continue;
    nodes.set(`${index} ${name}`, { provider, operator });
  }
  return [...nodes.values()];
}
