import { SegprobeError } from '../shared/errors.js';
import { recordProgram } from '../graph/record-program.js';
import type { GraphProto } from '../shared/onnx/index.js';
import { createModel, type ModelName } from '../train/models/index.js';
import { type NamedTensors, packWeights } from '../train/packing.js';
import { createVictimProgram } from '../train/victim-program.js';
import { convertGraph } from './convert-graph.js';
import { weightNames } from './weight-names.js';

/** The numbers that make a victim. */
export interface VictimWeights {
  readonly model: ModelName;
  readonly classCount: number;
  readonly weights: NamedTensors;
  /** The file that `weights` come from, for messages. */
  readonly weightsFile: string;
}

/** The size that the graph is recorded at: of no consequence, since no size is left in the ONNX graph. */
const RECORDED_SIZE = { height: 64, width: 96 } as const;

/**
 * Records a victim's evaluation graph and converts it: `image` float32 `[N,3,H,W]`, RGB in 0..1, to `logits` float32 `[N,K,H,W]`.
 * Native TensorFlow must be the backend in use. Initializers have PyTorch-ENet's names and layouts.
 *
 * @param name - of the graph.
 * @throws SegprobeError `CHECKPOINT_INVALID` for weights that are not the model's, `EXPORT_UNSUPPORTED` for a network
 * whose logits are coarser than its image, and as {@link convertGraph}.
 */
export function createVictimGraph(name: string, victim: VictimWeights): GraphProto {
  const { classCount, weights, weightsFile } = victim;
  const model = createModel(victim.model, { classCount });
  if (model.outputStride !== 1) {
    throw new SegprobeError(
      'EXPORT_UNSUPPORTED',
      `expected a network with a logit for each pixel, got ${victim.model}, whose logits are of ${model.outputStride}×${model.outputStride} pixels`,
    );
  }
  const program = createVictimProgram({
    model,
    weights: packWeights(model.spec, weights, weightsFile),
    ...RECORDED_SIZE,
    trainBatchSizes: [],
    predictBatchSizes: [1],
    classWeights: [],
    weightDecay: 0,
  });
  return convertGraph(recordProgram(program), {
    name,
    signature: 'predict/1',
    input: 'image',
    output: 'logits',
    state: program.state,
    nameWeight: weightNames(model.spec),
    inputDims: ['N', 3, 'H', 'W'],
    outputDims: ['N', classCount, 'H', 'W'],
  });
}
