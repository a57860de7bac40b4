import type { Manifest } from '../shared/manifest.js';
import { toMetadataProps } from '../shared/manifest.js';
import { encodeModel, type GraphProto, makeModel } from '../shared/onnx/index.js';
import type { Verification } from './compare-logits.js';
import type { HashedCheckpoint } from './hashed-checkpoint.js';
import { optimize } from './optimize.js';
import { toServingForm } from './serving-form.js';
import { verifyByteForm } from './verify-byte-form.js';
import { verifyVictim } from './verify-victim.js';
import { createVictimGraph } from './victim-graph.js';
import { createVictimManifest, victimFacts } from './victim-manifest.js';
import { toWebForm } from './web-form.js';
import { type ModelForms, writeModel } from './write-model.js';

export interface ExportOptions {
  readonly name: string;
  /** Where `NAME.onnx`, `NAME.json`, `NAME.web.onnx` and a victim's `NAME.serve.onnx` go. */
  readonly outDir: string;
  readonly segprobeVersion: string;
  /** Whether graphs go through the optimiser; without, there are no forms to serve and for browsers. @defaultValue true */
  readonly isOptimized?: boolean;
}

export interface ExportedVictim {
  /** The path of `NAME.onnx`. */
  readonly file: string;
  readonly manifest: Manifest;
  readonly verification: Verification;
}

/**
 * Exports a victim: its evaluation graph, recorded from the code that trained it and optimised, as ONNX with its manifest, and the
 * forms of it that serve and that browsers run. They are written only after ONNX Runtime has given TensorFlow's logits, and the forms their
 * labels. Native TensorFlow must be the backend in use.
 *
 * @throws SegprobeError `CHECKPOINT_INVALID` for weights that are not ENet's or not numbers, `EXPORT_UNSUPPORTED`, and what the
 * file system refuses; nothing is written then.
 */
export async function exportVictim(
  { checkpoint: { state, weights }, weightsFile, weightsSha256 }: HashedCheckpoint,
  { name, outDir, segprobeVersion, isOptimized = true }: ExportOptions,
): Promise<ExportedVictim> {
  const { model } = state.config;
  const victim = { model, classCount: state.classes.length, weights, weightsFile };
  const facts = victimFacts(state, weightsSha256);
  const recorded = createVictimGraph(name, victim);
  const encode = (form: GraphProto): Uint8Array =>
    encodeModel(
      makeModel(form, { producerVersion: segprobeVersion, metadata: toMetadataProps(facts) }),
    );
  const onnx = encode(isOptimized ? optimize(recorded) : recorded);
  const forms: ModelForms = isOptimized
    ? { serve: encode(toServingForm(recorded)), web: encode(toWebForm(recorded, 'victim')) }
    : {};
  const manifest = createVictimManifest({ name, facts, state, onnx, segprobeVersion });
  const verification = await verifyVictim(onnx, victim);
  for (const form of Object.values(forms)) await verifyByteForm(form, onnx, victim.classCount);
  const file = await writeModel(outDir, manifest, onnx, forms);
  return { file, manifest, verification };
}
