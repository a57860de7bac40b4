import {
  type Manifest,
  type ModelFacts,
  parseManifest,
  type Precision,
} from '../shared/manifest.js';
import { DEFAULT_OPSET } from '../shared/onnx/index.js';
import type { AttackerState } from '../train/attacker-checkpoint.js';
import { sha256Of } from '../train/sha256.js';
import { licenseNoteOf } from './license-notes.js';

/** What an attacker says of itself, in its file as in its manifest. Classes and colours are its data set's. */
export function attackerFacts(state: AttackerState, checkpointSha256: string): ModelFacts {
  const { classes, ignoreIndex, config } = state;
  return {
    kind: 'attacker',
    classes: classes.map(({ name }) => name),
    palette: classes.map(({ color }) => color),
    ignoreIndex,
    dataset: config.dataset,
    inputSize: { height: config.height, width: config.width },
    checkpointSha256,
  };
}

export interface AttackerManifestOptions {
  readonly name: string;
  readonly facts: ModelFacts;
  readonly state: AttackerState;
  /** The file's bytes. */
  readonly onnx: Uint8Array;
  readonly precision: Precision;
  readonly segprobeVersion: string;
}

/**
 * Writes an attacker's card.
 * @throws SegprobeError `MODEL_INVALID` if the checkpoint says something that no manifest may.
 */
export function createAttackerManifest(options: AttackerManifestOptions): Manifest {
  const { name, facts, state, onnx, precision, segprobeVersion } = options;
  const { best, epoch, step, seconds, victim, importedFrom } = state;
  const config = { ...state.config };
  delete config['datasetDir']; // A place on one machine.
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
      victim,
      ...(importedFrom !== undefined && { importedFrom }),
      config,
    },
    measured: measuredOf(state),
    license: licenseNoteOf(state),
    segprobeVersion,
    createdAt: new Date().toISOString(),
  };
  return parseManifest(manifest, `${name}.json`);
}

/** The figures of the epoch that the weights are of; an imported file's own were measured in another way. */
function measuredOf({ best, classes, ignoreIndex }: AttackerState): Manifest['measured'] {
  if (best === null || best.images === null) return [];
  const { iouAttacked, ...figures } = best;
  const underAttack = classes.map(({ name }, k) => ({
    name,
    iou: null,
    iouAttacked: iouAttacked?.[k] ?? null,
  }));
  return [
    {
      split: 'val',
      miou: null,
      pixelAccuracy: null,
      classes: iouAttacked === undefined ? [] : underAttack.filter((_, k) => k !== ignoreIndex),
      ...figures,
      images: best.images,
    },
  ];
}
