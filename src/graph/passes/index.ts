import type { Graph } from '../graph.js';
import { withoutDeadCode } from '../record-program.js';
import { dropReshapes } from './drop-reshapes.js';
import { fuseElementwise } from './fuse-elementwise.js';
import type { GraphPass } from './graph-pass.js';
import { padExplicitly } from './pad-explicitly.js';
import { multiplyPointwiseConvolutions } from './pointwise-convolutions.js';

/** What is done to a graph before TensorFlow runs it, in this order; what each is worth stands in bench/RESULTS.md. */
export const PASSES: readonly GraphPass[] = [
  dropReshapes,
  padExplicitly,
  multiplyPointwiseConvolutions,
  fuseElementwise,
];

/** Rewrites a recorded graph into a faster one of the same signatures and variables; its numbers are the same to rounding. */
export function optimizeGraph(graph: Graph): Graph {
  const optimized = PASSES.reduce((before, pass) => pass(before), graph);
  const fetched = Object.values(graph.signatures).flatMap(({ outputs }) => Object.values(outputs));
  const roots = fetched.map(({ node }) => node);
  return { ...optimized, nodes: withoutDeadCode(optimized.nodes, roots) };
}
