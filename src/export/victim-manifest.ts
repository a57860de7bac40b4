import {
  type Manifest,
  type ModelFacts,
  parseManifest,
  type Precision,
} from '../shared/manifest.js';
import { DEFAULT_OPSET } from '../shared/onnx/index.js';
import type { TrainState } from '../train/checkpoint.js';
import { sha256Of } from '../train/sha256.js';
import { knownFailuresOf } from './known-failures.js';
import { licenseNoteOf } from './license-notes.js';

/** What a victim says of itself, in its file as in its manifest. */
export function victimFacts(state: TrainState, checkpointSha256: string): ModelFacts {
  const { classes, ignoreIndex, config } = state;
  return {
    kind: 'victim',
    classes: classes.map(({ name }) => name),
    palette: classes.map(({ color }) => color),
    ignoreIndex,
    dataset: config.dataset,
    inputSize: { height: config.height, width: config.width },
    checkpointSha256,
  };
}

export interface VictimManifestOptions {
  readonly name: string;
  readonly facts: ModelFacts;
  readonly state: TrainState;
  /** The file's bytes. */
  readonly onnx: Uint8Array;
  readonly precision: Precision;
  readonly segprobeVersion: string;
}

/**
 * Writes a victim's card.
 * @throws SegprobeError `MODEL_INVALID` if the checkpoint says something that no manifest may.
 */
export function createVictimManifest(options: VictimManifestOptions): Manifest {
  const { name, facts, state, onnx, precision, segprobeVersion } = options;
  const { best, epoch, step, seconds, importedFrom } = state;
  const config = { ...state.config };
  delete config.datasetDir; // A place on one machine.
  const manifest: Manifest = {
    ...facts,
    name,
    file: { name: `${name}.onnx`, sha256: sha256Of(onnx), bytes: onnx.byteLength },
    opset: DEFAULT_OPSET,
    precision,
    training: {
      epoch,
      step,
      seconds: Math.round(seconds),
      bestEpoch: best?.epoch ?? null,
      ...(importedFrom !== undefined && { importedFrom }),
      config,
    },
    measured: measuredOf(state),
    knownFailures: knownFailuresOf(state),
    license: licenseNoteOf(state),
    segprobeVersion,
    createdAt: new Date().toISOString(),
  };
  return parseManifest(manifest, `${name}.json`);
}

/** The figures of the epoch that the weights are of; an imported file's own were measured in another way. */
function measuredOf({ best, classes, ignoreIndex }: TrainState): Manifest['measured'] {
  if (best === null || best.images === null) return [];
  const iou = classes.map(({ name }, i) => ({ name, iou: best.iou[i] ?? null }));
  return [
    {
      split: 'val',
      images: best.images,
      miou: best.miou,
      pixelAccuracy: best.pixelAccuracy,
      classes: iou.filter((_, i) => i !== ignoreIndex),
      ...(best.miouAttacked !== undefined && { miouAttacked: best.miouAttacked }),
    },
  ];
}
