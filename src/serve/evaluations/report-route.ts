import type { Response } from 'express';
import { z } from 'zod';
import { packageVersion } from '../../data/package-version.js';
import { evaluationReportPage } from '../../report/evaluation-report/page.js';
import type { EvaluationResult } from '../../shared/evaluation.js';
import { SegprobeError } from '../../shared/errors.js';
import type { Route } from '../route.js';
import type { Evaluation } from './evaluation.js';
import { type Evaluations, findEvaluation } from './evaluations.js';
import { idParams } from './schemas.js';

/** The page runs nothing and loads nothing; its style stands in it. */
const REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox";

/** `GET /evaluations/:id/report`: the result as a page. */
export function createReportRoute({ store }: Evaluations): Route {
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
      assertCompleted(evaluation);
      sendReport(response, writeReport(evaluation));
    },
  };
}

/**
 * Makes sure that an evaluation has a result.
 * @throws SegprobeError `EVALUATION_UNFINISHED`.
 */
export function assertCompleted(
  evaluation: Evaluation,
): asserts evaluation is Evaluation & { readonly result: EvaluationResult } {
  if (evaluation.result !== null) return;
  throw new SegprobeError(
    'EVALUATION_UNFINISHED',
    `expected an evaluation that is completed, got one that is ${evaluation.state}`,
  );
}

/** Answers with a page that runs and loads nothing. */
export function sendReport(response: Response, page: string): void {
  response.set('Content-Security-Policy', REPORT_POLICY).type('html').send(page);
}

function writeReport({
  id,
  plan,
  result,
  ...own
}: Evaluation & { readonly result: EvaluationResult }): string {
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
