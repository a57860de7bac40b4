import { compiledCallAttributes } from '../compiled-call.js';
import {
  type GraphFunction,
  type GraphNode,
  parseReference,
  sizeOf,
  type TensorMeta,
} from '../graph.js';
import { metaOf } from './graph-pass.js';

/** Constants at most this long become part of the function, where XLA sees their values. */
const INLINED_ELEMENTS = 16;

/**
 * Writes nodes as the body of one function compiled by XLA. Calls of compiled functions among them are replaced by those
 * functions' own nodes.
 *
 * @param members - producers before consumers.
 * @param exposed - references to the members' outputs that are to be results.
 * @param byName - all nodes of the graph.
 * @returns the function, named by `name`, and what to call it with; nodes that do the same in the same order give equal functions.
 */
export function outline(
  members: readonly GraphNode[],
  exposed: readonly string[],
  byName: ReadonlyMap<string, GraphNode>,
  functions: ReadonlyMap<string, GraphFunction>,
  label: string,
): { body: Omit<GraphFunction, 'name'>; inputs: string[] } {
  const nodes: GraphNode[] = [];
  const parameters: (TensorMeta & { name: string })[] = [];
  const inputs: string[] = [];
  /** From references of the graph to references within the body. */
  const inner = new Map<string, string>();
  const resolve = (reference: string): string => {
    const known = inner.get(reference);
    if (known !== undefined) return known;
    const producer = byName.get(parseReference(reference).node)!;
    if (producer.op === 'Const' && sizeOf(producer.outputs[0]!.shape) <= INLINED_ELEMENTS) {
      const name = `constant${nodes.length}`;
      nodes.push({ ...producer, name });
      inner.set(reference, name);
      return name;
    }
    const { dtype, shape } = metaOf(reference, byName);
    const name = `arg${parameters.length}`;
    parameters.push({ name, dtype, shape });
    inputs.push(reference);
    inner.set(reference, name);
    return name;
  };

  members.forEach((member, i) => {
    const taken = member.inputs.map(resolve);
    const called = functions.get(member.attributes['f']?.value as string);
    if (called === undefined) {
      nodes.push({ ...member, name: `node${i}`, inputs: taken });
      inner.set(member.name, `node${i}`);
      return;
    }
    const local = new Map(called.parameters.map(({ name }, k) => [name, taken[k]!]));
    const within = (reference: string): string => local.get(reference) ?? `node${i}_${reference}`;
    nodes.push(
      ...called.nodes.map((node) => ({
        ...node,
        name: within(node.name),
        inputs: node.inputs.map(within),
      })),
    );
    called.results.forEach(({ reference }, k) => {
      inner.set(k === 0 ? member.name : `${member.name}:${k}`, within(reference));
    });
  });
  const results = exposed.map((reference) => {
    const { dtype, shape } = metaOf(reference, byName);
    return { dtype, shape, reference: inner.get(reference)! };
  });
  return { body: { label, parameters, nodes, results }, inputs };
}

/** A node that calls a compiled function. */
export function callNode(
  name: string,
  called: GraphFunction,
  inputs: readonly string[],
): GraphNode {
  const outputs = called.results.map(({ dtype, shape }) => ({ dtype, shape }));
  const attributes = compiledCallAttributes(called);
  return { name, op: 'PartitionedCall', inputs, attributes, outputs };
}
