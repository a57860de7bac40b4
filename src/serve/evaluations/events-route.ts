import type { RequestHandler, Response } from 'express';
import { z } from 'zod';
import { SegprobeError } from '../../shared/errors.js';
import type { Route } from '../route.js';
import { type Evaluation, type EvaluationState, isFinished, toJson } from './evaluation.js';
import { type Evaluations, findEvaluation } from './evaluations.js';
import { idParams } from './schemas.js';

const HEARTBEAT_MS = 15_000;
/** When a client whose stream was cut comes again. */
const RETRY_MS = 2000;
const MAX_STREAMS = 1000;

/**
 * `GET /evaluations/:id/events`: server-sent events, named by BullMQ's words (`waiting`, `active`, `progress`, `completed`,
 * `failed`, and `cancelled`), each with the whole evaluation. The first tells how it stands, unless the client's `Last-Event-ID` says
 * that it knows; the stream ends with the evaluation.
 */
export function createEventsRoute(evaluations: Evaluations): Route {
  return {
    operation: {
      tag: 'Evaluations',
      summary: 'How it goes, as server-sent events that end with it',
      params: idParams,
      headers: z.object({ 'Last-Event-ID': z.string().optional() }),
      answers: {
        200: {
          description:
            'Events waiting, active, progress, completed, failed, cancelled, each with the evaluation',
          content: { 'text/event-stream': z.string() },
        },
        204: { description: 'It has ended, and the client knows' },
      },
      refusals: ['EVALUATION_NOT_FOUND', 'QUEUE_FULL', 'BACKEND_UNAVAILABLE'],
    },
    handler: createHandler(evaluations),
  };
}

function createHandler(evaluations: Evaluations): RequestHandler {
  let streams = 0;
  return async (request, response) => {
    const { store, draining } = evaluations;
    const id = String(request.params['id']);
    const known = request.get('last-event-id');
    const first = await findEvaluation(store, id);
    if (isFinished(first.state) && known === String(first.version)) {
      response.status(204).end(); // What tells an EventSource not to come again.
      return;
    }
    if (streams >= MAX_STREAMS) {
      throw new SegprobeError(
        'QUEUE_FULL',
        `expected at most ${MAX_STREAMS} streams, got one more`,
      );
    }
    streams++;
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-cache',
      'X-Accel-Buffering': 'no',
    });
    response.write(`retry: ${RETRY_MS}\n\n`);
    const send = createSender(response, known);
    const refresh = coalesce(
      async () => {
        const evaluation = await store.find(id);
        if (evaluation === undefined) response.end();
        else send(evaluation);
      },
      (error) => request.log.error(error),
    );
    const unsubscribe = store.onChange((changed) => {
      if (changed === null || changed === id) refresh();
    });
    const heartbeat = setInterval(() => response.write(': alive\n\n'), HEARTBEAT_MS);
    const end = (): void => void response.end();
    draining.addEventListener('abort', end);
    response.once('close', () => {
      streams--;
      unsubscribe();
      clearInterval(heartbeat);
      draining.removeEventListener('abort', end);
    });
    send(first);
    refresh(); // What changed before anybody listened.
    if (draining.aborted) end();
  };
}

/** Writes each version of an evaluation once, and ends the answer with the last. */
function createSender(response: Response, known: string | undefined) {
  let version = known === undefined ? 0 : Number(known) || 0;
  let state: EvaluationState | undefined;
  return (evaluation: Evaluation): void => {
    if (response.writableEnded || evaluation.version <= version) return;
    const name =
      evaluation.state === 'active' && state === 'active' ? 'progress' : evaluation.state;
    ({ version, state } = evaluation);
    const data = JSON.stringify(toJson(evaluation));
    response.write(`id: ${version}\nevent: ${name}\ndata: ${data}\n\n`);
    if (isFinished(state)) response.end();
  };
}

/** Runs `work` as often as it is asked for, but never twice at once: what is asked for meanwhile is done once after. */
function coalesce(work: () => Promise<void>, onError: (error: unknown) => void): () => void {
  let isRunning = false;
  let isAsked = false;
  const run = async (): Promise<void> => {
    isRunning = true;
    while (isAsked) {
      isAsked = false;
      await work().catch(onError);
    }
    isRunning = false;
  };
  return () => {
    isAsked = true;
    if (!isRunning) void run();
  };
}
