import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { openModels } from '../../src/inference/open-model.js';
import { startServer, type RunningServer, type ServerOptions } from '../../src/serve/server.js';
import type { EvaluationResult } from '../../src/shared/evaluation.js';
import { scratchFolder } from './scratch-folder.js';
import { writeTinyFolder } from './tiny-folder.js';
import { tinyAttacker, type TinyVictimOptions, writeTinyVictim } from './tiny-models.js';

/** An evaluation as the service tells of it. */
export interface EvaluationJson {
  readonly id: string;
  readonly state: string;
  readonly progress: { readonly done: number; readonly total: number };
  readonly failedReason: string | null;
  readonly failedCode: string | null;
  readonly processedOn: number | null;
  readonly finishedOn: number | null;
  readonly result: EvaluationResult | null;
}

/** What evaluations of tests are made of. */
export interface EvaluationFolder {
  readonly folder: string;
  /** Of the models `tiny`, `shift` (an attacker) and `slow`. */
  readonly models: string;
  /** A data set of the layout `folder`, with the split val. */
  readonly scenes: string;
  readonly remove: () => Promise<void>;
}

/** Writes models and tiny scenes. */
export async function evaluationFolder(
  scenes: number,
  slow: TinyVictimOptions = { facts: { inputSize: { height: 192, width: 256 } }, ballast: 4 },
): Promise<EvaluationFolder> {
  const { folder, remove } = await scratchFolder();
  const models = path.join(folder, 'models');
  await writeTinyVictim(models, 'tiny');
  await writeTinyVictim(models, 'slow', slow);
  await writeFile(path.join(models, 'shift.onnx'), tinyAttacker([-11.4, 3.6, 224.7]));
  await writeTinyFolder(path.join(folder, 'scenes'), scenes);
  return { folder, models, scenes: path.join(folder, 'scenes'), remove };
}

/** Starts a service on a free port with the data set `scenes`. */
export async function startEvaluationServer(
  { models, scenes }: EvaluationFolder,
  options: Partial<ServerOptions> = {},
): Promise<RunningServer> {
  const server = await startServer({
    models: await openModels(models),
    logger: pino({ level: 'silent' }),
    port: 0,
    workers: 1,
    datasets: { scenes: { layout: 'folder', dir: scenes } },
    ...options,
  });
  await server.ready;
  return server;
}

/** Asks for an evaluation. */
export function postEvaluation(
  url: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${url}/evaluations`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

/** Reads the stream of an evaluation's events to its end. */
export async function eventsOf(
  url: string,
  id: string,
  headers: Record<string, string> = {},
): Promise<{ readonly id: number; readonly event: string; readonly data: EvaluationJson }[]> {
  const response = await fetch(`${url}/evaluations/${id}/events`, { headers });
  const text = await response.text();
  return text
    .split('\n\n')
    .filter((block) => block.includes('data: '))
    .map((block) => {
      const fields = Object.fromEntries(
        block.split('\n').map((line) => [line.split(': ')[0], line.slice(line.indexOf(': ') + 2)]),
      ) as Record<'id' | 'event' | 'data', string>;
      const data = JSON.parse(fields.data) as EvaluationJson;
      return { id: Number(fields.id), event: fields.event, data };
    });
}

/** Waits for the end of an evaluation. */
export async function endOf(url: string, id: string): Promise<EvaluationJson> {
  await eventsOf(url, id);
  return (await (await fetch(`${url}/evaluations/${id}`)).json()) as EvaluationJson;
}

/** A result without its speed, which alone may differ from run to run. */
export function withoutSpeed(result: EvaluationResult | null): object {
  return { ...result, imagesPerSecond: 0 };
}
