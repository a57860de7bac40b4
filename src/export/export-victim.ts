import type { Manifest, Precision } from '../shared/manifest.js';
import { toMetadataProps } from '../shared/manifest.js';
import { encodeModel, type GraphProto, makeModel } from '../shared/onnx/index.js';
import type { Verification } from './compare-logits.js';
import type { HashedCheckpoint } from './hashed-checkpoint.js';
import { optimize } from './optimize.js';
import type { Pass } from './passes/graph-editor.js';
import { halfWeights } from './passes/half-weights.js';
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
  /** What weights are stored as; arithmetic is float32's. @defaultValue 'float32' */
  readonly precision?: Precision;
}

/** By precision: the last pass, which stores the weights as such. */
export const STORE_AS: Readonly<Record<Precision, Pass>> = {
  float32: (graph) => graph,
  float16: halfWeights,
};

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
  { name, outDir, segprobeVersion, isOptimized = true, precision = 'float32' }: ExportOptions,
): Promise<ExportedVictim> {
  const { model } = state.config;
  const victim = { model, classCount: state.classes.length, weights, weightsFile };
  const facts = victimFacts(state, weightsSha256);
  const recorded = createVictimGraph(name, victim);
  const encode = (form: GraphProto): Uint8Array =>
    encodeModel(
      makeModel(STORE_AS[precision](form), {
        producerVersion: segprobeVersion,
        metadata: toMetadataProps(facts),
      }),
    );
  const onnx = encode(isOptimized ? optimize(recorded) : recorded);
  const forms: ModelForms = isOptimized
    ? { serve: encode(toServingForm(recorded)), web: encode(toWebForm(recorded, 'victim')) }
    : {};
  const manifest = createVictimManifest({ name, facts, state, onnx, precision, segprobeVersion });
  const verification = await verifyVictim(onnx, victim, precision);
  for (const form of Object.values(forms)) {
    await verifyByteForm(form, onnx, victim.classCount, precision);
  }
  const file = await writeModel(outDir, manifest, onnx, forms);
  return { file, manifest, verification };
}
