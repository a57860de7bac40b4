import type { Manifest } from '../shared/manifest.js';
import { toMetadataProps } from '../shared/manifest.js';
import { encodeModel, makeModel } from '../shared/onnx/index.js';
import type { Verification } from './compare-logits.js';
import type { HashedCheckpoint } from './hashed-checkpoint.js';
import { optimize } from './optimize.js';
import { verifyVictim } from './verify-victim.js';
import { createVictimGraph } from './victim-graph.js';
import { createVictimManifest, victimFacts } from './victim-manifest.js';
import { writeModel } from './write-model.js';

export interface ExportOptions {
  readonly name: string;
  /** Where `NAME.onnx` and `NAME.json` go. */
  readonly outDir: string;
  readonly segprobeVersion: string;
}

export interface ExportedVictim {
  /** The path of `NAME.onnx`. */
  readonly file: string;
  readonly manifest: Manifest;
  readonly verification: Verification;
}

/**
 * Exports a victim: its evaluation graph, recorded from the code that trained it and optimised, as ONNX with its manifest. They
 * are written only after ONNX Runtime has given TensorFlow's logits. Native TensorFlow must be the backend in use.
 *
 * @throws SegprobeError `CHECKPOINT_INVALID` for weights that are not ENet's or not numbers, `EXPORT_UNSUPPORTED`, and what the
 * file system refuses; nothing is written then.
 */
export async function exportVictim(
  { checkpoint: { state, weights }, weightsFile, weightsSha256 }: HashedCheckpoint,
  { name, outDir, segprobeVersion }: ExportOptions,
): Promise<ExportedVictim> {
  const { model } = state.config;
  const victim = { model, classCount: state.classes.length, weights, weightsFile };
  const facts = victimFacts(state, weightsSha256);
  const graph = optimize(createVictimGraph(name, victim));
  const onnx = encodeModel(
    makeModel(graph, { producerVersion: segprobeVersion, metadata: toMetadataProps(facts) }),
  );
  const manifest = createVictimManifest({ name, facts, state, onnx, segprobeVersion });
  const verification = await verifyVictim(onnx, victim);
  const file = await writeModel(outDir, manifest, onnx);
  return { file, manifest, verification };
}
