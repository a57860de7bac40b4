import { type Graph, type GraphNode, parseReference, type TensorMeta } from '../graph.js';

/** Rewrites a graph into one that computes the same numbers, to rounding, in less time. */
export type GraphPass = (graph: Graph) => Graph;

/** The nodes that take any output of each node, control inputs included. */
export function consumersOf(nodes: readonly GraphNode[]): Map<string, GraphNode[]> {
  const consumers = new Map(nodes.map(({ name }) => [name, [] as GraphNode[]]));
  for (const node of nodes) {
    const producers = new Set(node.inputs.map((reference) => parseReference(reference).node));
    for (const producer of producers) consumers.get(producer)!.push(node);
  }
  return consumers;
}

/** What is known of the tensor that a reference names. */
export function metaOf(reference: string, byName: ReadonlyMap<string, GraphNode>): TensorMeta {
  const { node, output } = parseReference(reference);
  return byName.get(node)!.outputs[output]!;
}

/** Makes every node that took one tensor take another: from reference to reference. */
export function rewire(
  nodes: readonly GraphNode[],
  replaced: ReadonlyMap<string, string>,
): GraphNode[] {
  return nodes.map((node) =>
    node.inputs.some((input) => replaced.has(input))
      ? { ...node, inputs: node.inputs.map((input) => replaced.get(input) ?? input) }
      : node,
  );
}
