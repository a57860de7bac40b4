import assert from 'node:assert/strict';
import type { GraphNode } from '../../../src/graph/graph.js';
import { growClusters } from '../../../src/graph/passes/clusters.js';

/** Nodes from lines `name: input input`; those whose name begins with a capital join nobody. */
function clustersOf(...lines: readonly string[]): string[] {
  const nodes = lines.map((line): GraphNode => {
    const [name, inputs] = line.split(':');
    const taken = inputs!.split(' ').filter((input) => input !== '');
    return { name: name!, op: 'Neg', inputs: taken, attributes: {}, outputs: [] };
  });
  const joins = ({ name }: GraphNode): boolean => name.toLowerCase() === name;
  const clusters = growClusters(nodes, (a, b) => joins(a) && joins(b));
  return [...new Set(clusters.values())].map((members) => members.map((n) => n.name).join(' '));
}

describe('growClusters', () => {
  it('joins a chain and what branches off it', () => {
    assert.deepEqual(clustersOf('a:', 'b: a', 'c: b', 'd: a c'), ['a b c d']);
  });

  it('joins what meets in one node', () => {
    assert.deepEqual(clustersOf('a:', 'b:', 'c: a b'), ['a b c']);
  });

  it('leaves out what comes back over a node that joins nobody', () => {
    assert.deepEqual(clustersOf('a:', 'B: a', 'c: a B'), ['a', 'B', 'c']);
    // x and y are one cluster first; a reaches y only over B, and x reaches B.
    assert.deepEqual(clustersOf('x:', 'B: x', 'a: B', 'y: x a'), ['x', 'B', 'a y']);
  });

  it('leaves out what comes back over another cluster', () => {
    // a b and x y: a → x and y → b would each wait for the other.
    const clusters = clustersOf('a:', 'P: a', 'x: P', 'Q:', 'y: x Q', 'R: y', 'b: a R');
    assert.deepEqual(clusters, ['a', 'P', 'x y', 'Q', 'R', 'b']);
  });

  it('follows the order of execution too', () => {
    assert.deepEqual(clustersOf('a:', 'B: ^a', 'c: a ^B'), ['a', 'B', 'c']);
  });
});
