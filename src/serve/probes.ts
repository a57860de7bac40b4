import { z } from 'zod';
import { SegprobeError } from '../shared/errors.js';
import { jsonAnswer } from './answers.js';
import type { Routes } from './route.js';

const stateOf = (state: string): z.ZodType => z.object({ status: z.literal(state) });

/** `GET /healthz` and `/readyz`. */
export function createProbes(isReady: () => boolean): Routes {
  return {
    '/healthz': {
      get: {
        operation: {
          tag: 'Operations',
          summary: 'Whether the process is alive',
          answers: jsonAnswer('It is', stateOf('alive')),
        },
        handler: (_request, response) => void response.json({ status: 'alive' }),
      },
    },
    '/readyz': {
      get: {
        operation: {
          tag: 'Operations',
          summary: 'Whether it takes requests: 503 while it loads its models and while it stops',
          answers: jsonAnswer('It does', stateOf('ready')),
          refusals: ['BACKEND_UNAVAILABLE'],
        },
        handler: (_request, response) => {
          assertReady(isReady);
          response.json({ status: 'ready' });
        },
      },
    },
  };
}

/** @throws SegprobeError `BACKEND_UNAVAILABLE` while the models load. */
export function assertReady(isReady: () => boolean): void {
  if (!isReady()) {
    throw new SegprobeError('BACKEND_UNAVAILABLE', 'expected the models loaded, got still loading');
  }
}
