import type { GraphProto } from '../shared/onnx/index.js';
import type { ModelFacts } from '../shared/manifest.js';
import { optimize, WEB_PASSES } from './optimize.js';
import { withByteEnds } from './serving-form.js';

/**
 * Makes of a model the form that browsers run in WebAssembly, where a convolution is a product of matrices in 128-bit vectors and all else is
 * to be little. A victim takes and gives bytes, as {@link withByteEnds} has it; an attacker's input and output stay.
 *
 * @param graph - as recorded.
 * @throws SegprobeError `EXPORT_UNSUPPORTED` as {@link withByteEnds}.
 */
export function toWebForm(graph: GraphProto, kind: ModelFacts['kind']): GraphProto {
  return optimize(kind === 'victim' ? withByteEnds(graph) : graph, WEB_PASSES);
}
