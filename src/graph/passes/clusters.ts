import { type GraphNode, parseReference } from '../graph.js';
import { consumersOf } from './graph-pass.js';

/** A group of nodes that become one. */
interface Cluster {
  readonly members: Set<GraphNode>;
}

/**
 * Joins nodes with those that produce their inputs, as many as can be computed at one point of time: no way leads out of a
 * cluster and back into it.
 *
 * @param nodes - producers before consumers.
 * @param mayJoin - tells whether a node and one that takes its output can be in one cluster.
 * @returns the cluster of every node, members in the order of `nodes`; a node that joined none is alone in its own.
 */
export function growClusters(
  nodes: readonly GraphNode[],
  mayJoin: (producer: GraphNode, consumer: GraphNode) => boolean,
): Map<GraphNode, readonly GraphNode[]> {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const consumers = consumersOf(nodes);
  const clusters = new Map<GraphNode, Cluster>(
    nodes.map((node) => [node, { members: new Set([node]) }]),
  );
  const successors = ({ members }: Cluster): Set<Cluster> =>
    new Set([...members].flatMap(({ name }) => consumers.get(name)!.map((n) => clusters.get(n)!)));

  /** Whether a way leads from one cluster to another over a third. */
  const isDetour = (from: Cluster, to: Cluster): boolean => {
    const seen = new Set([from, to]);
    const open = [...successors(from)].filter((next) => !seen.has(next));
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      for (const after of successors(next)) {
        if (after === to) return true;
        open.push(after);
      }
    }
    return false;
  };

  for (const node of nodes) {
    for (const input of node.inputs) {
      const producer = byName.get(parseReference(input).node)!;
      const [theirs, ours] = [clusters.get(producer)!, clusters.get(node)!];
      if (theirs === ours || !mayJoin(producer, node)) continue;
      if (isDetour(theirs, ours) || isDetour(ours, theirs)) continue;
      for (const member of ours.members) {
        theirs.members.add(member);
        clusters.set(member, theirs);
      }
    }
  }
  const order = new Map(nodes.map((node, i) => [node, i]));
  const sorted = new Map<Cluster, readonly GraphNode[]>();
  for (const cluster of clusters.values()) {
    if (sorted.has(cluster)) continue;
    const members = [...cluster.members].sort((a, b) => order.get(a)! - order.get(b)!);
    sorted.set(cluster, members);
  }
  return new Map([...clusters].map(([node, cluster]) => [node, sorted.get(cluster)!]));
}
