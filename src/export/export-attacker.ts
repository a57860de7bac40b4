import type { Manifest } from '../shared/manifest.js';
import { toMetadataProps } from '../shared/manifest.js';
import { encodeModel, type GraphProto, makeModel } from '../shared/onnx/index.js';
import type { AttackerCheckpoint } from '../train/attacker-checkpoint.js';
import { createAttackerGraph } from './attacker-graph.js';
import { attackerFacts, createAttackerManifest } from './attacker-manifest.js';
import { type ExportOptions, STORE_AS } from './export-victim.js';
import type { Hashed } from './hashed-checkpoint.js';
import { optimize } from './optimize.js';
import { type AttackerVerification, verifyAttacker } from './verify-attacker.js';
import { toWebForm } from './web-form.js';
import { type ModelForms, writeModel } from './write-model.js';

export interface ExportedAttacker {
  /** The path of `NAME.onnx`. */
  readonly file: string;
  readonly manifest: Manifest;
  readonly verification: AttackerVerification;
}

/**
 * Exports an attacker: its graph, recorded from the code that trained it and optimised, as ONNX with its manifest, and the form of it for
 * browsers. They are written only after ONNX Runtime has given TensorFlow's pictures with both. Native TensorFlow must be the backend in use.
 *
 * @throws SegprobeError `CHECKPOINT_INVALID` for weights that are not the attacker's or not numbers, `EXPORT_UNSUPPORTED`, and
 * what the file system refuses; nothing is written then.
 */
export async function exportAttacker(
  { checkpoint: { state, weights }, weightsFile, weightsSha256 }: Hashed<AttackerCheckpoint>,
  { name, outDir, segprobeVersion, isOptimized = true, precision = 'float32' }: ExportOptions,
): Promise<ExportedAttacker> {
  const attacker = { shape: state.config, weights, weightsFile };
  const facts = attackerFacts(state, weightsSha256);
  const recorded = createAttackerGraph(name, attacker);
  const encode = (graph: GraphProto): Uint8Array =>
    encodeModel(
      makeModel(STORE_AS[precision](graph), {
        producerVersion: segprobeVersion,
        metadata: toMetadataProps(facts),
      }),
    );
  const onnx = encode(isOptimized ? optimize(recorded) : recorded);
  const forms: ModelForms = isOptimized ? { web: encode(toWebForm(recorded, 'attacker')) } : {};
  const manifest = createAttackerManifest({ name, facts, state, onnx, precision, segprobeVersion });
  const verification = await verifyAttacker(onnx, attacker, precision);
  for (const form of Object.values(forms)) await verifyAttacker(form, attacker, precision);
  const file = await writeModel(outDir, manifest, onnx, forms);
  return { file, manifest, verification };
}
