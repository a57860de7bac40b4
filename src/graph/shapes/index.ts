import { SegprobeError } from '../../shared/errors.js';
import type { Attributes, TensorMeta } from '../graph.js';
import { ELEMENTWISE } from './elementwise.js';
import { LAYOUT } from './layout.js';
import { NETWORK } from './network.js';
import type { ShapeInput, ShapeRule } from './rule.js';

/** How the outputs of each TensorFlow operator that can be recorded follow from its inputs. */
export const SHAPE_RULES: Readonly<Record<string, ShapeRule>> = {
  ...ELEMENTWISE,
  ...LAYOUT,
  ...NETWORK,
};

/**
 * Infers an operator's outputs.
 * @throws SegprobeError `GRAPH_UNSUPPORTED` for an operator without a rule, `SHAPE_MISMATCH` for inputs that do not fit.
 */
export function inferOutputs(
  op: string,
  inputs: readonly ShapeInput[],
  attributes: Attributes,
): TensorMeta[] {
  const rule = SHAPE_RULES[op];
  if (rule === undefined) {
    throw new SegprobeError(
      'GRAPH_UNSUPPORTED',
      `expected an operator that can be recorded, got ${op}; add its rule to src/graph/shapes`,
    );
  }
  try {
    return rule(inputs, attributes);
  } catch (error) {
    if (error instanceof SegprobeError)
      throw new SegprobeError(error.code, `${op}: ${error.message}`);
    throw error;
  }
}
