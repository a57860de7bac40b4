import { z } from 'zod';
import type { ModelForm } from '../../inference/model-forms.js';
import type { OpenedModel } from '../../inference/open-model.js';
import type { InferencePool } from '../../inference/pool.js';
import { SegprobeError } from '../../shared/errors.js';
import { type PageModels, toPageModel } from '../../shared/page-models.js';
import { binary } from '../answers.js';
import { checkAnswer } from './check-answer.js';
import type { Routes } from '../route.js';

const MEDIA_TYPE = 'application/octet-stream';
/** What a model makes of `samples/check.png`. */
const CHECK_EXTENSION = '.check.png';
const RANGE_NOT_SATISFIABLE = 416;
const YEAR_SECONDS = 365 * 24 * 60 * 60;

const paramsSchema = z.object({ file: z.string() });

/** What the page computes with: `/models.json`, the list of models, and their files, `/onnx/NAME.onnx` and `/onnx/NAME.web.onnx`, also in ranges. */
export function createModelFilesRoutes(pool: InferencePool): Routes {
  const checks = new Map<string, Promise<Buffer>>();
  /** Of each file of a model once. */
  const checkOf = (model: OpenedModel): Promise<Buffer> => {
    const answer = checks.get(model.sha256) ?? checkAnswer(pool, model);
    checks.set(model.sha256, answer);
    answer.catch(() => checks.delete(model.sha256));
    return answer;
  };
  return {
    '/models.json': {
      get: {
        operation: {
          tag: 'Models',
          summary: 'The models that the page can fetch',
          answers: {
            200: {
              description: 'Victims and attackers by name',
              content: { 'application/json': z.looseObject({}) },
            },
          },
        },
        handler: (_request, response) => {
          const models = [...pool.models.values()].map(toPageModel);
          const listed: PageModels = { service: true, models };
          response.set('Cache-Control', 'no-cache').json(listed);
        },
      },
    },
    '/onnx/:file': {
      get: {
        operation: {
          tag: 'Models',
          summary: 'The file of a model, whole or in ranges',
          params: paramsSchema,
          answers: {
            200: {
              description: 'NAME.onnx or NAME.web.onnx',
              content: { [MEDIA_TYPE]: binary(MEDIA_TYPE) },
            },
            206: { description: 'A range of it', content: { [MEDIA_TYPE]: binary(MEDIA_TYPE) } },
          },
          refusals: ['NOT_FOUND'],
        },
        handler: async (request, response, next) => {
          const asked = String(request.params['file']);
          const checked = pool.models.get(asked.replace(CHECK_EXTENSION, ''));
          if (asked.endsWith(CHECK_EXTENSION) && checked !== undefined) {
            const png = await checkOf(checked);
            response.set('Cache-Control', 'no-cache').type('image/png').send(png);
            return;
          }
          const files = listFiles(pool.models.values());
          const file = files.get(asked);
          if (file === undefined) {
            const names = [...files.keys()].map((name) => `/onnx/${name}`).join(', ') || 'none';
            throw new SegprobeError(
              'NOT_FOUND',
              `expected the file of a model (${names}), got ${request.path.slice(0, 100)}`,
            );
          }
          const { path, sha256, bytes } = file;
          const isPinned = request.query['sha256'] === sha256.slice(0, 16);
          response.set({
            ETag: `"${sha256}"`,
            'Cache-Control': isPinned ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache',
            'Content-Type': MEDIA_TYPE,
          });
          response.sendFile(path, { cacheControl: false, lastModified: false }, (error?: Error) => {
            // A browser that goes on to another page leaves in the middle.
            if (error === undefined || response.headersSent) return;
            if ((error as { readonly status?: number }).status !== RANGE_NOT_SATISFIABLE) {
              next(error);
              return;
            }
            response.status(RANGE_NOT_SATISFIABLE).set('Content-Range', `bytes */${bytes}`).end();
          });
        },
      },
    },
  };
}

function listFiles(models: Iterable<OpenedModel>): Map<string, ModelForm> {
  const files = new Map<string, ModelForm>();
  for (const model of models) {
    files.set(`${model.name}.onnx`, model);
    if (model.webForm) files.set(`${model.name}.web.onnx`, model.webForm);
  }
  return files;
}
