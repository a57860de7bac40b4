import type * as tf from '@tensorflow/tfjs';
import { createGraphRunner } from '../../../src/graph/graph-runner.js';
import type { Graph, GraphNode } from '../../../src/graph/graph.js';
import type { GraphPass } from '../../../src/graph/passes/graph-pass.js';
import { recordProgram, withoutDeadCode } from '../../../src/graph/record-program.js';
import {
  assertArraysClose,
  mapValues,
  type NdArrays,
  tidily,
  toNdArray,
  toTensor,
} from '../../support/tensorflow.js';

export type Compute = (tensors: Readonly<Record<string, tf.Tensor>>) => Record<string, tf.Tensor>;

/**
 * Asserts that code computes the same numbers with and without a pass over its graph.
 * @returns the graph before and after, without what no output needs.
 */
export function checkPass(
  pass: GraphPass,
  inputs: NdArrays,
  compute: Compute,
  tolerance: { readonly rtol: number; readonly atol: number },
): { before: Graph; after: Graph } {
  const metas = mapValues(inputs, ({ dtype, shape }) => ({ dtype, shape }));
  const run = (tensors: Readonly<Record<string, tf.Tensor>>) => ({ outputs: compute(tensors) });
  const program = { state: {}, functions: { run: { inputs: metas, run } } };
  const numbers = (optimize: GraphPass): NdArrays => {
    const runner = createGraphRunner(program, optimize);
    try {
      return tidily(() => mapValues(runner.run('run', mapValues(inputs, toTensor)), toNdArray));
    } finally {
      runner.dispose();
    }
  };
  const [found, expected] = [numbers(pass), numbers((graph) => graph)];
  for (const [name, array] of Object.entries(expected)) {
    assertArraysClose(found[name]!, array, tolerance, name);
  }
  const before = recordProgram(program);
  return { before, after: live(pass(before)) };
}

function live(graph: Graph): Graph {
  const roots = Object.values(graph.signatures['run']!.outputs).map(({ node }) => node);
  return { ...graph, nodes: withoutDeadCode(graph.nodes, roots) };
}

/** The nodes of some operators. */
export function nodesOf({ nodes }: Graph, ...ops: readonly string[]): GraphNode[] {
  return nodes.filter(({ op }) => ops.includes(op));
}
