import { type Graph, type GraphNode, sizeOf } from '../graph.js';

/** Operators whose every output element comes of the elements at its own place, or of what is broadcast there. */
const ELEMENTWISE = new Set(
  (
    'Add AddV2 Sub Mul RealDiv DivNoNan Maximum Minimum Neg Abs Square Sqrt Rsqrt Exp Log Sigmoid Tanh Relu ReluGrad ' +
    'Greater GreaterEqual Less LessEqual Equal NotEqual LogicalAnd LogicalOr LogicalNot Select SelectV2 Cast'
  ).split(' '),
);

/** What may stand beside them in a compiled function that is taken whole: it costs nothing within a loop. */
const FREE = new Set(['Const', 'Reshape', 'Range', 'Fill', 'Tile', 'Identity']);

/** Below this many elements a loop of its own costs little, and a call of a compiled function more. */
const LEAST_ELEMENTS = 2 ** 16;

/**
 * Makes a test for nodes that can be part of a larger loop: element-wise operators, and calls of compiled functions that
 * hold nothing else, whose outputs are large and all of one shape.
 */
export function createElementwiseTest({ functions }: Graph): (node: GraphNode) => boolean {
  const loops = new Set(
    functions
      .filter(({ nodes }) => nodes.every(({ op }) => ELEMENTWISE.has(op) || FREE.has(op)))
      .map(({ name }) => name),
  );
  return ({ op, attributes, outputs }) => {
    const [first] = outputs;
    if (first === undefined || sizeOf(first.shape) < LEAST_ELEMENTS) return false;
    if (outputs.some(({ shape }) => String(shape) !== String(first.shape))) return false;
    if (op !== 'PartitionedCall') return ELEMENTWISE.has(op);
    const called = attributes['f'];
    return called?.kind === 'function' && loops.has(called.value);
  };
}
