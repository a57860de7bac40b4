import type { Request, RequestHandler } from 'express';
import { type ModelForm, tensorsOf, type TensorSpec } from '../inference/open-inference/tensors.js';
import type { OpenedModel } from '../inference/open-model.js';
import type { InferencePool } from '../inference/pool.js';
import { SegprobeError } from '../shared/errors.js';
import { clientOf } from './auth.js';
import { type ImageRouteDeps, signalOf } from './image-route.js';
import type { Metrics } from './metrics.js';
import { assertNotEncoded, readBody } from './read-body.js';

/** How many bytes of the body are JSON, before those of tensors: Triton's binary extension. */
const HEADER_LENGTH = 'Inference-Header-Content-Length';
/** What a victim that takes and gives bytes is called. */
const SERVING_SUFFIX = '.serve';

/** A model as the protocol names it: a victim, an attacker, or a victim's serving form. */
interface ServedModel {
  readonly name: string;
  readonly model: OpenedModel;
  readonly isServingForm: boolean;
}

/**
 * The Open Inference Protocol, version 2, over HTTP, as KServe's and Triton's clients speak it: what there is, and inference by tensors as JSON
 * or, by the binary extension, as bytes behind it.
 *
 * @returns handlers by path and method.
 * @see https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
 */
export function createOpenInferenceRoutes({
  pool,
  gate,
  limits,
  budget,
  metrics,
  isReady,
  version,
}: ImageRouteDeps & {
  readonly pool: InferencePool;
  readonly metrics: Metrics;
  readonly isReady: () => boolean;
  readonly version: string;
}): Record<string, { get?: RequestHandler; post?: RequestHandler }> {
  const asked = (request: Request): ServedModel => findServed(pool, String(request.params['name']));
  return {
    '/v2': {
      get: (_request, response) =>
        void response.json({ name: 'segprobe', version, extensions: ['binary_tensor_data'] }),
    },
    '/v2/health/live': { get: (_request, response) => void response.json({ live: true }) },
    '/v2/health/ready': {
      get: (_request, response) =>
        void response.status(isReady() ? 200 : 503).json({ ready: isReady() }),
    },
    '/v2/models/:name': {
      get: (request, response) => void response.json(describe(asked(request))),
    },
    '/v2/models/:name/ready': {
      get: (request, response) =>
        void response.json({ name: asked(request).name, ready: isReady() }),
    },
    '/v2/models/:name/infer': {
      post: async (request, response) => {
        const { model, isServingForm } = asked(request);
        const headerLength = headerLengthOf(request);
        assertNotEncoded(request);
        const signal = signalOf(response);
        const { maxBodyBytes, maxPixels } = limits;
        const body = await readBody(request, response, { maxBodyBytes, budget });
        const task = { model: model.name, isServingForm, headerLength, maxPixels };
        const answer = await gate.run(
          () => pool.infer({ ...task, body: new Uint8Array(body) }, { signal }),
          signal,
          clientOf(request),
        );
        metrics.observePicture(model.name, { inference: answer.inferenceMs });
        if (answer.headerLength !== null) response.set(HEADER_LENGTH, String(answer.headerLength));
        response
          .type(answer.headerLength === null ? 'application/json' : 'application/octet-stream')
          .set('Content-Length', String(answer.body.length))
          .end(answer.body);
      },
    },
  };
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
    versions: ['1'],
    platform: 'onnxruntime_onnx',
    inputs: [plain(input)],
    outputs: [plain(output)],
  };
}

function headerLengthOf(request: Request): number | null {
  const text = request.get(HEADER_LENGTH);
  if (text === undefined) return null;
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new SegprobeError(
    'INVALID_REQUEST',
    `expected a number of bytes in ${HEADER_LENGTH}, got ${JSON.stringify(text).slice(0, 60)}`,
  );
}
