import { recordProgram } from '../graph/record-program.js';
import type { GraphProto } from '../shared/onnx/index.js';
import { createAttackerProgram } from '../train/attacker-program.js';
import { type AttackerName, createAttacker } from '../train/attackers/index.js';
import { type NamedTensors, packWeights } from '../train/packing.js';
import { convertGraph } from './convert-graph.js';
import { weightNames } from './weight-names.js';

/** The numbers that make an attacker. */
export interface AttackerWeights {
  readonly model: AttackerName;
  readonly weights: NamedTensors;
  /** The file that `weights` come from, for messages. */
  readonly weightsFile: string;
}

/** The size that the graph is recorded at: of no consequence, since no size is left in the ONNX graph. */
const RECORDED_SIZE = { height: 64, width: 96 } as const;

/**
 * Records an attacker and converts it: `image` float32 `[N,3,H,W]`, RGB in 0..1, to `attacked`, the same shape and range. Native
 * TensorFlow must be the backend in use.
 *
 * @param name - of the graph.
 * @throws SegprobeError `CHECKPOINT_INVALID` for weights that are not the model's, and as {@link convertGraph}.
 */
export function createAttackerGraph(name: string, attacker: AttackerWeights): GraphProto {
  const model = createAttacker(attacker.model);
  const program = createAttackerProgram({
    attacker: model,
    weights: packWeights(model.spec, attacker.weights, attacker.weightsFile),
    ...RECORDED_SIZE,
    attackBatchSizes: [1],
  });
  return convertGraph(recordProgram(program), {
    name,
    signature: 'attack/1',
    input: 'image',
    output: 'attacked',
    state: program.state,
    nameWeight: weightNames(model.spec),
    inputDims: ['N', 3, 'H', 'W'],
    outputDims: ['N', 3, 'H', 'W'],
  });
}
