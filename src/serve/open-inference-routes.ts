import type { Request, Response } from 'express';
import { z } from 'zod';
import { inferRequestSchema, inferResponseSchema } from '../inference/open-inference/request.js';
import { type ModelForm, tensorsOf, type TensorSpec } from '../inference/open-inference/tensors.js';
import type { OpenedModel } from '../inference/open-model.js';
import type { InferencePool } from '../inference/pool.js';
import { type ErrorCode, SegprobeError } from '../shared/errors.js';
import { binary, jsonAnswer } from './answers.js';
import { clientOf } from './auth.js';
import { borrowFor, type ImageRouteDeps, signalOf } from './image-route.js';
import { assertReady } from './probes.js';
import { assertNotEncoded, readBody } from './read-body.js';
import type { Routes } from './route.js';

/** How many bytes of the body are JSON, before those of tensors: Triton's binary extension. */
const HEADER_LENGTH = 'Inference-Header-Content-Length';
/** What a victim that takes and gives bytes is called. */
const SERVING_SUFFIX = '.serve';

/** Every model has one version. */
const VERSION = '1';
const INFER_REFUSALS = [
  'MODEL_NOT_FOUND',
  'SHAPE_MISMATCH',
  'IMAGE_TOO_LARGE',
  'BODY_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'QUEUE_FULL',
] as const satisfies readonly ErrorCode[];

/** A model as the protocol names it: a victim, an attacker, or a victim's serving form. */
interface ServedModel {
  readonly name: string;
  readonly model: OpenedModel;
  readonly isServingForm: boolean;
}

const TAG = 'Open Inference Protocol';
const tensorSchema = z.object({
  name: z.string(),
  datatype: z.string(),
  shape: z.array(z.int()).describe('−1 is any length.'),
});
const modelSchema = z.object({
  name: z.string(),
  versions: z.array(z.string()),
  platform: z.string(),
  inputs: z.array(tensorSchema),
  outputs: z.array(tensorSchema),
});
const serverSchema = z.object({
  name: z.string(),
  version: z.string(),
  extensions: z.array(z.string()),
});
const paramsSchema = z.object({
  name: z
    .string()
    .describe(`A model, or a victim and "${SERVING_SUFFIX}": bytes in, class numbers out.`),
});
const versionParamsSchema = paramsSchema.extend({ version: z.literal(VERSION) });
const headersSchema = z.object({
  [HEADER_LENGTH]: z
    .string()
    .regex(/^\d{1,10}$/)
    .optional()
    .describe('How many bytes of the body are JSON, where those of tensors follow.'),
});

/**
 * The Open Inference Protocol, version 2, over HTTP, as KServe's and Triton's clients speak it: what there is, and inference by tensors as JSON
 * or, by the binary extension, as bytes behind it.
 *
 * @see https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
 */
export function createOpenInferenceRoutes(
  deps: ImageRouteDeps & {
    readonly isReady: () => boolean;
    readonly version: string;
  },
): Routes {
  const { pool, isReady, version } = deps;
  const asked = (request: Request, of: InferencePool = pool): ServedModel => {
    const { name, version: number = VERSION } = request.params as Record<'name', string> & {
      version?: string;
    };
    const served = findServed(of, name);
    if (number === VERSION) return served;
    throw new SegprobeError(
      'MODEL_NOT_FOUND',
      `expected version ${VERSION} of ${name}, got ${JSON.stringify(number).slice(0, 100)}`,
    );
  };
  const readySchema = z.object({ ready: z.boolean() });
  const ofModel = (path: string, params: z.ZodObject): Routes => ({
    [path]: {
      get: {
        operation: {
          ...{ tag: TAG, params },
          summary: 'What a model takes and gives',
          answers: jsonAnswer('The model', modelSchema),
          refusals: ['MODEL_NOT_FOUND'],
        },
        handler: (request, response) => void response.json(describe(asked(request))),
      },
    },
    [`${path}/ready`]: {
      get: {
        operation: {
          ...{ tag: TAG, params },
          summary: 'Whether a model is ready',
          answers: jsonAnswer('Whether it is', readySchema.extend({ name: z.string() })),
          refusals: ['MODEL_NOT_FOUND'],
        },
        handler: (request, response) =>
          void response.json({ name: asked(request).name, ready: isReady() }),
      },
    },
    [`${path}/infer`]: {
      post: {
        operation: {
          ...{ tag: TAG, params, headers: headersSchema },
          summary: 'Infer on tensors, as JSON or as bytes behind it',
          body: {
            'application/json': inferRequestSchema.meta({ id: 'InferRequest' }),
            'application/octet-stream': binary('application/octet-stream'),
          },
          answers: {
            200: {
              description: 'The output; where it is bytes, they follow the JSON.',
              content: {
                'application/json': inferResponseSchema.meta({ id: 'InferResponse' }),
                'application/octet-stream': binary('application/octet-stream'),
              },
              headers: headersSchema,
            },
          },
          refusals: INFER_REFUSALS,
        },
        handler: (request, response) => {
          const own = borrowFor(response, pool);
          return answerInference(asked(request, own), own, deps, request, response);
        },
      },
    },
  });
  return {
    '/v2': {
      get: {
        operation: {
          tag: TAG,
          summary: 'What this server is',
          answers: jsonAnswer('The server', serverSchema),
        },
        handler: (_request, response) =>
          void response.json({ name: 'segprobe', version, extensions: ['binary_tensor_data'] }),
      },
    },
    '/v2/health/live': {
      get: {
        operation: {
          tag: TAG,
          summary: 'Whether it is alive',
          answers: jsonAnswer('It is', z.object({ live: z.boolean() })),
        },
        handler: (_request, response) => void response.json({ live: true }),
      },
    },
    '/v2/health/ready': {
      get: {
        operation: {
          tag: TAG,
          summary: 'Whether it takes requests',
          answers: jsonAnswer('It does', readySchema),
          refusals: ['BACKEND_UNAVAILABLE'],
        },
        handler: (_request, response) => {
          assertReady(isReady);
          response.json({ ready: true });
        },
      },
    },
    ...ofModel('/v2/models/:name', paramsSchema),
    ...ofModel('/v2/models/:name/versions/:version', versionParamsSchema),
  };
}

async function answerInference(
  { model, isServingForm }: ServedModel,
  pool: InferencePool,
  { gate, limits, budget, metrics }: ImageRouteDeps,
  request: Request,
  response: Response,
): Promise<void> {
  const headerLength = headerLengthOf(request);
  assertNotEncoded(request);
  const client = clientOf(request);
  gate.assertRoom(client);
  const signal = signalOf(response);
  const { maxBodyBytes, maxPixels } = limits;
  const body = await readBody(request, response, { maxBodyBytes, budget });
  const task = { model: model.name, isServingForm, headerLength, maxPixels };
  const answer = await gate.run(
    () => pool.infer({ ...task, body: new Uint8Array(body) }, { signal }),
    signal,
    client,
  );
  metrics.observePicture(model.name, { inference: answer.inferenceMs });
  if (answer.headerLength !== null) response.set(HEADER_LENGTH, String(answer.headerLength));
  response
    .type(answer.headerLength === null ? 'application/json' : 'application/octet-stream')
    .set('Content-Length', String(answer.body.length))
    .end(answer.body);
}

function findServed(pool: InferencePool, name: string): ServedModel {
  const model = pool.models.get(name);
  if (model !== undefined) return { name, model, isServingForm: false };
  const victim = name.endsWith(SERVING_SUFFIX)
    ? pool.models.get(name.slice(0, -SERVING_SUFFIX.length))
    : undefined;
  if (victim !== undefined && victim.servingPath !== null) {
    return { name, model: victim, isServingForm: true };
  }
  const names = [...pool.models.values()].flatMap((own) => [
    own.name,
    ...(own.servingPath === null ? [] : [own.name + SERVING_SUFFIX]),
  ]);
  throw new SegprobeError(
    'MODEL_NOT_FOUND',
    `expected the name of a model (${names.join(', ')}), got ${JSON.stringify(name).slice(0, 100)}`,
  );
}

function describe({ name, model: { facts }, isServingForm }: ServedModel): object {
  const form: ModelForm = isServingForm ? 'serving form' : facts.kind;
  const { input, output } = tensorsOf(form, facts.classes.length);
  const plain = ({ name: own, datatype, shape }: TensorSpec): object => ({
    name: own,
    datatype,
    shape,
  });
  return {
    name,
    versions: [VERSION],
    platform: 'onnxruntime_onnx',
    inputs: [plain(input)],
    outputs: [plain(output)],
  };
}

function headerLengthOf(request: Request): number | null {
  const text = request.get(HEADER_LENGTH);
  const { success } = headersSchema.safeParse({ [HEADER_LENGTH]: text });
  if (success) return text === undefined ? null : Number(text);
  throw new SegprobeError(
    'INVALID_REQUEST',
    `expected a number of bytes in ${HEADER_LENGTH}, got ${JSON.stringify(text).slice(0, 60)}`,
  );
}
