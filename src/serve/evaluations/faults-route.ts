import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { LAYOUT_NAMES } from '../../data/open-dataset.js';
import { createGate } from '../../inference/gate.js';
import { createFaultReport } from '../../report/fault-report/create-fault-report.js';
import type { ReportSource } from '../../report/fault-report/reproduce.js';
import { SegprobeError, isSegprobeError } from '../../shared/errors.js';
import { signalOf } from '../image-route.js';
import type { Route } from '../route.js';
import { type Evaluation, UPLOAD } from './evaluation.js';
import { type Evaluations, findEvaluation } from './evaluations.js';
import { withoutFolders } from './failure.js';
import { parseSent } from './parse.js';
import { assertCompleted, sendReport } from './report-route.js';
import { openPlan, type Resources } from './resources.js';
import { faultsQuerySchema, idParams } from './schemas.js';

/** Reports that are kept in memory, the ones asked for last. */
const KEPT = 8;
/** Images that shares of the attack are tried on. */
const STRENGTH_IMAGES = 12;

/**
 * `GET /evaluations/:id/faults`: the fault report of what was evaluated, which looks at the scenes once more, one report at a time and on one
 * thread. It is made when it is first asked for, and given up where its client leaves.
 */
export function createFaultsRoute({ store, resources, draining }: Evaluations): Route {
  const gate = createGate({ running: 1, waiting: 0 });
  const pages = new LRUCache<string, string>({ max: KEPT });
  return {
    operation: {
      tag: 'Evaluations',
      summary:
        'The fault report of what was evaluated: it takes as long as the evaluation, and longer',
      params: idParams,
      query: faultsQuerySchema,
      answers: {
        200: {
          description: 'One page that needs nothing else',
          content: { 'text/html': z.string() },
        },
      },
      refusals: [
        ...(['EVALUATION_NOT_FOUND', 'EVALUATION_UNFINISHED', 'UPLOAD_UNSUPPORTED'] as const),
        ...(['MODEL_NOT_FOUND', 'DATASET_NOT_FOUND', 'DATASET_INVALID'] as const),
        ...(['QUEUE_FULL', 'BACKEND_UNAVAILABLE'] as const),
      ],
    },
    handler: async (request, response) => {
      const { limit } = parseSent(faultsQuerySchema, request.query);
      const evaluation = await findEvaluation(store, String(request.params['id']));
      assertCompleted(evaluation);
      const key = `${evaluation.id} ${limit}`;
      const signal = AbortSignal.any([signalOf(response), draining]);
      const page =
        pages.get(key) ??
        (await gate.run(() => writeFaults(evaluation, { limit, resources, signal }), signal));
      pages.set(key, page);
      sendReport(response, page);
    },
  };
}

async function writeFaults(
  { id, plan }: Evaluation,
  {
    limit,
    resources,
    signal,
  }: { readonly limit: number; readonly resources: Resources; readonly signal: AbortSignal },
): Promise<string> {
  if (plan.dataset === UPLOAD) {
    throw new SegprobeError(
      'UPLOAD_UNSUPPORTED',
      'expected an evaluation of a data set of /datasets, got one of uploaded pictures, which are removed when it ends',
    );
  }
  try {
    const { scenes, victim, attacker } = await openPlan(id, plan, resources);
    try {
      const count = Math.min(limit, plan.scenes);
      const { html } = await createFaultReport(scenes, {
        ...{ victim, attacker, signal },
        order: Array.from({ length: count }, (_, i) => i),
        source: { ...sourceOf(plan, resources), ...(count < scenes.length && { limit: count }) },
        threads: 1, // The others are for requests.
        strengthImages: STRENGTH_IMAGES,
      });
      return html;
    } finally {
      await scenes.close();
    }
  } catch (error) {
    if (!isSegprobeError(error)) throw error;
    // Models that have changed since are not there any more, as far as a client is concerned.
    const code = error.code === 'MODEL_INVALID' ? 'MODEL_NOT_FOUND' : error.code;
    throw new SegprobeError(code, withoutFolders(error, resources).message, { cause: error });
  }
}

/** What was evaluated, by the names that the command line knows it by; where its data set lies is no client's business. */
function sourceOf(
  { victim, attacker, dataset, split }: Evaluation['plan'],
  { datasets }: Resources,
): ReportSource {
  const layout = datasets.cards.find(({ name }) => name === dataset)!.layout;
  // Drawn scenes lie nowhere.
  const place = LAYOUT_NAMES.includes(layout) ? { datasetDir: `path/to/${dataset}` } : {};
  return { victim, attacker: attacker ?? undefined, dataset: layout, split, ...place };
}
