import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fromFileError, writeFileWhole } from '../data/files.js';
import { type ModelFacts, toMetadataProps } from '../shared/manifest.js';
import { encodeSafetensors, type Safetensor } from '../shared/safetensors.js';
import { readCheckpointKind } from '../train/checkpoint-files.js';
import type { NamedTensors } from '../train/packing.js';
import { sha256Of } from '../train/sha256.js';
import { attackerFacts } from './attacker-manifest.js';
import { readHashedAttacker, readHashedCheckpoint } from './hashed-checkpoint.js';
import { victimFacts } from './victim-manifest.js';

export interface ExportedNames {
  /** The path of `NAME.safetensors`. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly tensors: number;
}

const MEAN = /\.running_mean$/;

/**
 * Writes a checkpoint's weights as safetensors with PyTorch-ENet's names and in PyTorch's layouts: what `load_state_dict` of that
 * project's networks takes, strictly. What the model is stands in the file's metadata, as in ONNX files.
 *
 * @param folder - of the checkpoint, a victim's or an attacker's.
 * @param options.outDir - where `NAME.safetensors` goes; made if it is missing.
 * @throws SegprobeError `CHECKPOINT_NOT_FOUND`, `CHECKPOINT_INVALID`, and what the file system refuses.
 */
export async function exportPyTorchNames(
  folder: string,
  { name, outDir }: { readonly name: string; readonly outDir: string },
): Promise<ExportedNames> {
  const { weights, step, facts } = await readWeights(folder);
  const tensors = withCounters(weights, step);
  const bytes = encodeSafetensors(tensors, { format: 'pt', ...toMetadataProps(facts) });
  await mkdir(outDir, { recursive: true }).catch((error: unknown) => {
    throw fromFileError(error, outDir);
  });
  const file = path.join(outDir, `${name}.safetensors`);
  await writeFileWhole(file, bytes);
  return { file, bytes: bytes.length, sha256: sha256Of(bytes), tensors: tensors.size };
}

async function readWeights(
  folder: string,
): Promise<{ weights: NamedTensors; step: number; facts: ModelFacts }> {
  if ((await readCheckpointKind(folder)) === 'attacker') {
    const { checkpoint, weightsSha256 } = await readHashedAttacker(folder);
    const { state, weights } = checkpoint;
    return { weights, step: state.step, facts: attackerFacts(state, weightsSha256) };
  }
  const { checkpoint, weightsSha256 } = await readHashedCheckpoint(folder);
  const { state, weights } = checkpoint;
  return { weights, step: state.step, facts: victimFacts(state, weightsSha256) };
}

/** Adds what PyTorch's batch normalisations count, `NAME.num_batches_tracked`: the steps of training. */
function withCounters(weights: NamedTensors, step: number): NamedTensors {
  const counter: Safetensor = { dtype: 'I64', shape: [], data: BigInt64Array.of(BigInt(step)) };
  return new Map(
    [...weights].flatMap(([name, tensor]) =>
      MEAN.test(name)
        ? [[name, tensor] as const, [name.replace(MEAN, '.num_batches_tracked'), counter] as const]
        : [[name, tensor] as const],
    ),
  );
}
