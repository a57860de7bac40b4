import { Tensor } from 'onnxruntime-node';
import { SegprobeError } from '../../shared/errors.js';
import { type ImageModel, runTensors } from '../session.js';
import type { InferResult, InferTask, WorkerModel } from '../worker-protocol.js';
import { fromBinaryData, fromJsonData } from './input-data.js';
import { type InferRequest, invalid, parseInferRequest } from './request.js';
import { assertInputShape, DATATYPES, type TensorSpec, tensorsOf } from './tensors.js';

/** As text, each number of an answer takes about twenty bytes. */
const MAX_JSON_VALUES = 2 ** 22;

/**
 * Answers an inference request of the Open Inference Protocol, in a worker thread: JSON of millions of numbers would hold the
 * main one up.
 *
 * @throws SegprobeError `INVALID_REQUEST`, `SHAPE_MISMATCH` or `IMAGE_TOO_LARGE` for what the model cannot take, `MODEL_INVALID`
 *   for one that does not do what its card says.
 */
export async function infer(
  session: ImageModel,
  model: WorkerModel,
  task: InferTask,
): Promise<InferResult> {
  const { input: inputSpec, output: outputSpec } = tensorsOf(
    task.isServingForm ? 'serving form' : model.kind,
    model.classCount,
  );
  const { request, binary } = parseInferRequest(task.body, task.headerLength);
  const { shape, data } = readInput(request, binary, inputSpec, task.maxPixels);
  const isBinary = wantsBinary(request, outputSpec);
  const outputShape = outputShapeOf(shape, outputSpec);
  const values = outputShape.reduce((product, length) => product * length, 1);
  if (!isBinary && values > MAX_JSON_VALUES) {
    throw new SegprobeError(
      'SHAPE_MISMATCH',
      `expected at most ${MAX_JSON_VALUES} values in ${outputSpec.name} as JSON, got ${values}; ask for "binary_data": true`,
    );
  }
  const start = performance.now();
  const tensor = new Tensor(DATATYPES[inputSpec.datatype].type, data, shape);
  const [found] = await runTensors(
    session,
    { [inputSpec.name]: tensor },
    { [outputSpec.name]: `${DATATYPES[outputSpec.datatype].type} [${outputShape.join()}]` },
  );
  const inferenceMs = performance.now() - start;
  const name = task.isServingForm ? `${task.model}.serve` : task.model;
  const answer = { name, id: request.id, spec: outputSpec, shape: outputShape };
  return { ...encode(answer, found!, isBinary), inferenceMs };
}

function readInput(
  { inputs }: InferRequest,
  binary: Uint8Array,
  spec: TensorSpec,
  maxPixels: number,
): { readonly shape: readonly number[]; readonly data: Float32Array | Uint8Array } {
  const [input, ...others] = inputs;
  if (input?.name !== spec.name || others.length > 0) {
    throw invalid(`one input, ${spec.name}, got ${inputs.map(({ name }) => name).join(', ')}`);
  }
  if (input.datatype !== spec.datatype) {
    throw invalid(`${spec.name} of datatype ${spec.datatype}, got ${input.datatype}`);
  }
  const { shape } = input;
  assertInputShape(shape, spec, maxPixels);
  const count = shape.reduce((product, length) => product * length, 1);
  const size = input.parameters?.binary_data_size;
  if (size !== undefined) return { shape, data: fromBinaryData(binary, size, count, spec) };
  if (input.data === undefined) throw invalid(`data or binary_data_size of ${spec.name}, got none`);
  return { shape, data: fromJsonData(input.data, count, spec) };
}

function wantsBinary({ parameters, outputs }: InferRequest, { name }: TensorSpec): boolean {
  const unknown = outputs?.find((output) => output.name !== name);
  if (unknown !== undefined) throw invalid(`the output ${name}, got ${unknown.name}`);
  return outputs?.[0]?.parameters?.binary_data ?? parameters?.binary_data_output ?? false;
}

/** Pictures, height and width are the input's; the serving form has its channels last, and none in its labels. */
function outputShapeOf(shape: readonly number[], { shape: spec }: TensorSpec): number[] {
  return spec.length === 3 ? shape.slice(0, 3) : [shape[0]!, spec[1]!, ...shape.slice(2)];
}

function encode(
  {
    name,
    id,
    spec,
    shape,
  }: {
    readonly name: string;
    readonly id: string | undefined;
    readonly spec: TensorSpec;
    readonly shape: readonly number[];
  },
  { data }: Tensor,
  isBinary: boolean,
): Pick<InferResult, 'body' | 'headerLength'> {
  const values = data as Float32Array | Uint8Array;
  const header = {
    model_name: name,
    ...(id !== undefined && { id }),
    outputs: [
      {
        name: spec.name,
        datatype: spec.datatype,
        shape,
        ...(isBinary
          ? { parameters: { binary_data_size: values.byteLength } }
          : { data: Array.from(values) }),
      },
    ],
  };
  const json = new TextEncoder().encode(JSON.stringify(header));
  if (!isBinary) return { body: json, headerLength: null };
  const body = new Uint8Array(json.length + values.byteLength);
  body.set(json);
  body.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), json.length);
  return { body, headerLength: json.length };
}
