import { recordProgram } from '../graph/record-program.js';
import type { GraphProto } from '../shared/onnx/index.js';
import { createAttackerProgram } from '../train/attacker-program.js';
import { type AttackerShape, createAttacker } from '../train/attackers/index.js';
import { type NamedTensors, packWeights } from '../train/packing.js';
import { convertGraph } from './convert-graph.js';
import { weightNames } from './weight-names.js';

/** The numbers that make an attacker. */
export interface AttackerWeights {
  readonly shape: AttackerShape;
  readonly weights: NamedTensors;
  /** The file that `weights` come from, for messages. */
  readonly weightsFile: string;
}

/**
 * Records an attacker and converts it: `image` float32 `[N,3,H,W]`, RGB in 0..1, to `attacked`, the same shape and range. Native
 * TensorFlow must be the backend in use.
 *
 * @param name - of the graph.
 * @throws SegprobeError `CHECKPOINT_INVALID` for weights that are not the model's, and as {@link convertGraph}.
 */
export function createAttackerGraph(name: string, attacker: AttackerWeights): GraphProto {
  const model = createAttacker(attacker.shape);
  const program = createAttackerProgram({
    attacker: model,
    weights: packWeights(model.spec, attacker.weights, attacker.weightsFile),
    height: attacker.shape.height,
    width: attacker.shape.width,
    attackBatchSizes: [1],
  });
  // A universal perturbation fits pictures of its own size alone; else no size is left in the ONNX graph.
  const { height, width } = attacker.shape;
  const dims = attacker.shape.model === 'universal' ? ['N', 3, height, width] : ['N', 3, 'H', 'W'];
  return convertGraph(recordProgram(program), {
    name,
    signature: 'attack/1',
    input: 'image',
    output: 'attacked',
    state: program.state,
    nameWeight: weightNames(model.spec),
    inputDims: dims,
    outputDims: dims,
  });
}
