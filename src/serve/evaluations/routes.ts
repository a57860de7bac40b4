import { z } from 'zod';
import { packageVersion } from '../../data/package-version.js';
import { evaluationReportPage } from '../../report/evaluation-report/page.js';
import { SegprobeError } from '../../shared/errors.js';
import { jsonAnswer } from '../answers.js';
import type { ByteBudget } from '../read-body.js';
import type { Route, Routes } from '../route.js';
import { type Evaluation, toJson, toListJson } from './evaluation.js';
import { type Evaluations, findEvaluation } from './evaluations.js';
import { createEventsRoute } from './events-route.js';
import { parseSent } from './parse.js';
import {
  datasetsSchema,
  evaluationSchema,
  idParams,
  listQuerySchema,
  listSchema,
} from './schemas.js';
import { createSubmitRoute } from './submit-route.js';

/** The page runs nothing and loads nothing; its style stands in it. */
const REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox";

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

function createReportRoute({ store }: Evaluations): Route {
  return {
    operation: {
      tag: 'Evaluations',
      summary: 'An evaluation as a page with its charts',
      params: idParams,
      answers: {
        200: {
          description: 'One page that needs nothing else',
          content: { 'text/html': z.string() },
        },
      },
      refusals: ['EVALUATION_NOT_FOUND', 'EVALUATION_UNFINISHED', 'BACKEND_UNAVAILABLE'],
    },
    handler: async (request, response) => {
      const evaluation = await findEvaluation(store, String(request.params['id']));
      response
        .set('Content-Security-Policy', REPORT_POLICY)
        .type('html')
        .send(writeReport(evaluation));
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

function writeReport({ id, state, plan, result, ...own }: Evaluation): string {
  if (result === null) {
    throw new SegprobeError(
      'EVALUATION_UNFINISHED',
      `expected an evaluation that is completed, got one that is ${state}`,
    );
  }
  return evaluationReportPage(result, {
    classTable: plan.classTable,
    facts: [
      ['evaluation', id],
      ['segprobe', packageVersion()],
      ['begun', new Date(own.processedOn ?? own.timestamp).toISOString()],
      ['ended', new Date(own.finishedOn ?? own.timestamp).toISOString()],
      [plan.victim, `SHA-256 ${plan.sha256.victim}`],
      ...(plan.attacker === null
        ? []
        : [[plan.attacker, `SHA-256 ${plan.sha256.attacker}`] as const]),
    ],
  });
}
