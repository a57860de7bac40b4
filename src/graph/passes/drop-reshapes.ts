import { type GraphPass, metaOf, rewire } from './graph-pass.js';

/**
 * Takes out reshapes to the shape that a tensor has already. TensorFlow.js's gradients are full of them; they cost nothing
 * themselves but stand between operators that could be one loop.
 */
export const dropReshapes: GraphPass = (graph) => {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const replaced = new Map<string, string>();
  const nodes = graph.nodes.filter(({ name, op, inputs: [input], outputs: [output] }) => {
    if (op !== 'Reshape' || String(metaOf(input!, byName).shape) !== String(output!.shape)) {
      return true;
    }
    replaced.set(name, replaced.get(input!) ?? input!);
    return false;
  });
  return { ...graph, nodes: rewire(nodes, replaced) };
};
