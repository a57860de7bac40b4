import type { Size } from '../../data/dataset.js';
import { SegprobeError, isSegprobeError } from '../../shared/errors.js';
import { fromMetadataProps, type ModelFacts } from '../../shared/manifest.js';
import { ELEMENT_TYPES, type ModelProto, type ValueInfoProto } from '../../shared/onnx/index.js';
import { readManifestOf } from '../open-model.js';
import type { ModelFile } from './model-file.js';
import { multiplyAddsOf } from './multiply-adds.js';
import { type NodeRun, profileRun } from './profile-run.js';
import { closeShape, FALLBACK_SIZE } from './random-inputs.js';
import { countDenormals, countParameters, nodesOf } from './weights.js';

/** What an ONNX file is, as `segprobe inspect --json` prints it. */
export interface ModelInspection {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Of the manifest beside it: whether its sha256 is the file's; null without a (readable) one. */
  readonly manifestMatches: boolean | null;
  readonly producer: string;
  readonly irVersion: number;
  /** Versions by domain; ONNX's own is `ai.onnx`. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly inputs: readonly ModelValue[];
  readonly outputs: readonly ModelValue[];
  /** What segprobe's own models say of themselves; null for others. */
  readonly facts: ModelFacts | null;
  readonly metadata: Readonly<Record<string, string>>;
  /** Nodes by operator, the most frequent first. */
  readonly operators: Readonly<Record<string, number>>;
  /** Numbers in weights, batch norm's statistics among them; shapes and indices left out. */
  readonly parameters: number;
  /** float32 weights too small for a normal number: slow on many processors. */
  readonly denormalWeights: number;
  /** What one run costs; null where the model does not run here. */
  readonly run: ModelCost | null;
  /** Why it does not run. */
  readonly refusal: string | null;
}

/** An input or output; a size that is open is its name, or ? where it has none. */
export interface ModelValue {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | string)[];
}

/** What one run costs. */
export interface ModelCost {
  /** The shapes of its inputs by name, of one picture where the file leaves that open. */
  readonly inputShapes: Readonly<Record<string, readonly number[]>>;
  /** Of convolutions, transposed ones, Gemm and MatMul. */
  readonly multiplyAdds: number;
  /** Bytes of all nodes' outputs together. */
  readonly activationBytes: number;
  /** Bytes of the largest node's outputs. */
  readonly largestActivationBytes: number;
  /** In the order in which they ran. */
  readonly layers: readonly {
    readonly name: string;
    readonly operator: string;
    readonly outputShape: readonly number[];
    readonly multiplyAdds: number;
  }[];
}

/**
 * Says what an ONNX file is. Its cost is read off a run on noise, so it is known for whatever ONNX Runtime runs.
 *
 * @param size - of the pictures. @defaultValue what the file says it was trained at, else 224×224
 */
export async function inspectModel(file: ModelFile, size?: Size): Promise<ModelInspection> {
  const { model, path, bytes, sha256 } = file;
  const facts = factsOf(file);
  const nodes = nodesOf(model.graph);
  const weights = new Set(model.graph.initializer.map(({ name }) => name));
  // Old files list their weights among the inputs.
  const inputs = model.graph.input.filter(({ name }) => !weights.has(name)).map(toModelValue);
  const cost = await costOf(file, inputs, size ?? facts?.inputSize ?? FALLBACK_SIZE);
  return {
    file: path,
    bytes: bytes.length,
    sha256,
    manifestMatches: await matchesManifest(path, sha256),
    producer: [model.producerName, model.producerVersion].filter(Boolean).join(' '),
    irVersion: model.irVersion,
    opsets: opsetsOf(model),
    inputs,
    outputs: model.graph.output.map(toModelValue),
    facts,
    metadata: metadataOf(model),
    operators: countBy(nodes.map(({ opType, domain }) => (domain ? `${domain}.` : '') + opType)),
    parameters: countParameters(model.graph),
    denormalWeights: countDenormals(model.graph),
    run: 'refusal' in cost ? null : cost,
    refusal: 'refusal' in cost ? cost.refusal : null,
  };
}

async function costOf(
  { bytes, path }: ModelFile,
  inputs: readonly ModelValue[],
  { height, width }: Size,
): Promise<ModelCost | { readonly refusal: string }> {
  const open = { batch: 1, size: { height, width } };
  let nodes: NodeRun[];
  try {
    nodes = await profileRun(bytes, path, {
      ...open,
      // As it is written in the file, node by node; packed weights would be missing among the shapes.
      session: {
        graphOptimizationLevel: 'disabled',
        extra: { session: { disable_prepacking: '1' } },
        logSeverityLevel: 4,
      },
    });
  } catch (error) {
    if (!isSegprobeError(error, 'MODEL_INVALID')) throw error;
    return { refusal: error.message };
  }
  const layers = nodes.map((node) => ({
    name: node.name,
    operator: node.opType,
    outputShape: node.outputShapes[0] ?? [],
    multiplyAdds: multiplyAddsOf(node),
  }));
  return {
    inputShapes: Object.fromEntries(
      inputs.map(({ name, shape }) => [name, closeShape(shape, open)]),
    ),
    multiplyAdds: layers.reduce((sum, layer) => sum + layer.multiplyAdds, 0),
    activationBytes: nodes.reduce((sum, { outputBytes }) => sum + outputBytes, 0),
    largestActivationBytes: nodes.reduce((most, node) => Math.max(most, node.outputBytes), 0),
    layers,
  };
}

/** Says what a model of segprobe's says of itself; null of others. */
export function factsOf({ model, path }: ModelFile): ModelFacts | null {
  try {
    return fromMetadataProps(metadataOf(model), path);
  } catch (error) {
    if (error instanceof SegprobeError) return null;
    throw error;
  }
}

function metadataOf({ metadataProps }: ModelProto): Record<string, string> {
  return Object.fromEntries(metadataProps.map(({ key, value }) => [key, value]));
}

/** Another program's JSON beside a model is no manifest. */
async function matchesManifest(modelPath: string, sha256: string): Promise<boolean | null> {
  try {
    const manifest = await readManifestOf(modelPath);
    return manifest && manifest.file.sha256 === sha256;
  } catch (error) {
    if (isSegprobeError(error, 'MODEL_INVALID')) return null;
    throw error;
  }
}

function opsetsOf({ opsetImport }: ModelProto): Record<string, number> {
  return Object.fromEntries(
    opsetImport.map(({ domain, version }) => [domain || 'ai.onnx', version]),
  );
}

function toModelValue({ name, type }: ValueInfoProto): ModelValue {
  const { elemType, shape } = type?.tensorType ?? {};
  const known = Object.entries(ELEMENT_TYPES).find(([, { number }]) => number === elemType);
  return {
    name,
    type: known?.[0] ?? (elemType === undefined ? 'unknown' : `type ${elemType}`),
    shape: shape?.dim.map(({ dimValue, dimParam }) => dimValue ?? (dimParam || '?')) ?? [],
  };
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries([...counts].sort((a, b) => b[1] - a[1]));
}
