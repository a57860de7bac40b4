import { SegprobeError } from '../../shared/errors.js';
import { jsonAnswer } from '../answers.js';
import type { ByteBudget } from '../read-body.js';
import type { Route, Routes } from '../route.js';
import { toJson, toListJson } from './evaluation.js';
import { type Evaluations, findEvaluation } from './evaluations.js';
import { createEventsRoute } from './events-route.js';
import { createFaultsRoute } from './faults-route.js';
import { parseSent } from './parse.js';
import { createReportRoute } from './report-route.js';
import {
  datasetsSchema,
  evaluationSchema,
  idParams,
  listQuerySchema,
  listSchema,
} from './schemas.js';
import { createSubmitRoute } from './submit-route.js';

/** The routes of evaluations, by their paths. */
export function createEvaluationRoutes(evaluations: Evaluations, budget: ByteBudget): Routes {
  return {
    '/datasets': { get: createDatasetsRoute(evaluations) },
    '/evaluations': {
      get: createListRoute(evaluations),
      post: createSubmitRoute(evaluations, budget),
    },
    '/evaluations/:id': {
      get: createFindRoute(evaluations),
      delete: createCancelRoute(evaluations),
    },
    '/evaluations/:id/events': { get: createEventsRoute(evaluations) },
    '/evaluations/:id/report': { get: createReportRoute(evaluations) },
    '/evaluations/:id/faults': { get: createFaultsRoute(evaluations) },
  };
}

function createDatasetsRoute({ resources }: Evaluations): Route {
  return {
    operation: {
      tag: 'Evaluations',
      summary: 'The data sets that evaluations may name',
      answers: jsonAnswer('With their splits', datasetsSchema),
    },
    handler: (_request, response) => void response.json({ datasets: resources.datasets.cards }),
  };
}

function createListRoute({ store }: Evaluations): Route {
  return {
    operation: {
      tag: 'Evaluations',
      summary: 'The evaluations, newest first',
      query: listQuerySchema,
      answers: jsonAnswer('A page of them', listSchema),
      refusals: ['BACKEND_UNAVAILABLE'],
    },
    handler: async (request, response) => {
      const page = parseSent(listQuerySchema, request.query);
      const found = await store.list(page);
      const last = found.length < page.limit ? undefined : found.at(-1)?.id;
      response.json({ evaluations: found.map(toListJson), next: nextPage(page, last) });
    },
  };
}

function createFindRoute({ store }: Evaluations): Route {
  return {
    operation: {
      tag: 'Evaluations',
      summary: 'How an evaluation stands, and its result',
      params: idParams,
      answers: jsonAnswer('The evaluation', evaluationSchema),
      refusals: ['EVALUATION_NOT_FOUND', 'BACKEND_UNAVAILABLE'],
    },
    handler: async (request, response) => {
      response.json(toJson(await findEvaluation(store, String(request.params['id']))));
    },
  };
}

function createCancelRoute({ store }: Evaluations): Route {
  return {
    operation: {
      tag: 'Evaluations',
      summary: 'Cancel an evaluation',
      params: idParams,
      answers: jsonAnswer('It is cancelled', evaluationSchema),
      refusals: ['EVALUATION_NOT_FOUND', 'EVALUATION_FINISHED', 'BACKEND_UNAVAILABLE'],
    },
    handler: async (request, response) => {
      const id = String(request.params['id']);
      await findEvaluation(store, id);
      const isCancelled = await store.finish(id, { state: 'cancelled' });
      const evaluation = await findEvaluation(store, id);
      if (!isCancelled && evaluation.state !== 'cancelled') {
        throw new SegprobeError(
          'EVALUATION_FINISHED',
          `expected an evaluation that waits or runs, got one that has ${evaluation.state}`,
        );
      }
      response.json(toJson(evaluation));
    },
  };
}

function nextPage(
  { limit, state }: { readonly limit: number; readonly state?: string | undefined },
  before: string | undefined,
): string | null {
  if (before === undefined) return null;
  const query = new URLSearchParams({ limit: String(limit), before });
  if (state !== undefined) query.set('state', state);
  return `/evaluations?${query.toString()}`;
}
