import { type Graph, type GraphFunction, type GraphNode, parseReference } from '../graph.js';
import { growClusters } from './clusters.js';
import { createElementwiseTest } from './elementwise.js';
import { type GraphPass, rewire } from './graph-pass.js';
import { callNode, outline } from './outline.js';
import { useOnce } from './single-use.js';

/** What functions made by the pass are called, before their number. */
const LABEL = 'fused';

/**
 * Makes one XLA function of all element-wise work on tensors of one shape that can be done at one point of time, across what
 * the source code compiles by itself: dropout, residual sum and both activations of a bottleneck are one function forward and
 * one backward, with a fraction of the reading and writing that an operator after the other does.
 */
export const fuseElementwise: GraphPass = (graph) => {
  const isElementwise = createElementwiseTest(graph);
  const clusterOf = growClusters(
    graph.nodes,
    (producer, consumer) =>
      isElementwise(producer) &&
      isElementwise(consumer) &&
      String(producer.outputs[0]!.shape) === String(consumer.outputs[0]!.shape),
  );
  const clusters = [...new Set(clusterOf.values())].filter(({ length }) => length > 1);
  return replaceClusters(graph, clusters);
};

function replaceClusters(graph: Graph, clusters: readonly (readonly GraphNode[])[]): Graph {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const known = new Map(graph.functions.map((called) => [called.name, called]));
  const fused = new Map<string, GraphFunction>();
  const replaced = new Map<string, string>();
  /** The call that stands in the place of a cluster's last member. */
  const calls = new Map<GraphNode, GraphNode>();
  for (const cluster of clusters) {
    const exposed = exposedBy(cluster, graph.nodes);
    const { body, inputs } = outline(cluster, exposed, byName, known, LABEL);
    // Blocks of one kind share a function, which is compiled once.
    const key = JSON.stringify(body);
    const called = fused.get(key) ?? { ...useOnce(body), name: `${LABEL}__${fused.size + 1}` };
    fused.set(key, called);
    const last = cluster.at(-1)!;
    const call = callNode(`${last.name}/${LABEL}`, called, inputs);
    calls.set(last, call);
    exposed.forEach((reference, k) => replaced.set(reference, outputOf(call.name, k)));
  }
  const gone = new Set(clusters.flat());
  const nodes = graph.nodes.flatMap((node) => (gone.has(node) ? (calls.get(node) ?? []) : [node]));
  const rewired = rewire(nodes, replaced);
  const used = new Set(rewired.map(({ attributes }) => attributes['f']?.value));
  const functions = [...graph.functions, ...fused.values()].filter(({ name }) => used.has(name));
  return { ...graph, nodes: rewired, functions };
}

/** References to the members' outputs that a node outside takes. */
function exposedBy(cluster: readonly GraphNode[], nodes: readonly GraphNode[]): string[] {
  const members = new Set(cluster);
  const names = new Set(cluster.map(({ name }) => name));
  const taken = new Set(
    nodes
      .filter((node) => !members.has(node))
      .flatMap(({ inputs }) => inputs.filter((input) => names.has(parseReference(input).node))),
  );
  return cluster.flatMap(({ name, outputs }) =>
    outputs.map((_, k) => outputOf(name, k)).filter((reference) => taken.has(reference)),
  );
}

function outputOf(name: string, k: number): string {
  return k === 0 ? name : `${name}:${k}`;
}
