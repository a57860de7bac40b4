import {
  type Attributes,
  type Graph,
  type GraphNode,
  parseReference,
  type Signature,
} from './graph.js';
import { type Program } from './program.js';
import { Recorder } from './recorder.js';

/**
 * Records every function of a program into one graph over shared variables, and leaves out what no output needs. Nothing is
 * computed but constants. Native TensorFlow must be the backend.
 *
 * Recording the same program twice gives equal graphs, unless its code draws random numbers in JavaScript or depends on
 * something else that changes.
 */
export function recordProgram(program: Program): Graph {
  const recorder = new Recorder();
  const signatures: Record<string, Signature> = {};
  for (const [name, fn] of Object.entries(program.functions)) {
    signatures[name] = recorder.record(name, fn, program.state);
  }
  const handles = Object.entries(program.state).map(([name, { dtype, shape }]): GraphNode => {
    const attributes: Attributes = {
      dtype: { kind: 'type', value: dtype },
      shape: { kind: 'shape', value: shape },
      shared_name: { kind: 'string', value: name },
      container: { kind: 'string', value: '' },
    };
    return { name, op: 'VarHandleOp', inputs: [], attributes, outputs: [] };
  });
  const fetched = Object.values(signatures).flatMap(({ outputs }) => Object.values(outputs));
  const nodes = withoutDeadCode(
    [...handles, ...recorder.nodes],
    fetched.map(({ node }) => node),
  );
  const alive = new Set(nodes.map(({ name }) => name));
  const called = new Set(nodes.map(({ attributes }) => attributes['f']?.value));
  return {
    nodes,
    functions: [...recorder.functions.values()].filter(({ name }) => called.has(name)),
    signatures: Object.fromEntries(
      Object.entries(signatures).map(([name, { inputs, outputs }]) => [
        name,
        { inputs: keep(inputs, ({ node }) => alive.has(node)), outputs },
      ]),
    ),
    variables: keep(program.state, (_, name) => alive.has(name)),
  };
}

/** The nodes that `roots` depend on, in their order. */
export function withoutDeadCode(
  nodes: readonly GraphNode[],
  roots: readonly string[],
): GraphNode[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const alive = new Set<string>();
  const open = [...roots];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node } = parseReference(next);
    if (alive.has(node)) continue;
    alive.add(node);
    open.push(...byName.get(node)!.inputs);
  }
  return nodes.filter(({ name }) => alive.has(name));
}

function keep<T>(
  object: Readonly<Record<string, T>>,
  test: (value: T, key: string) => boolean,
): Record<string, T> {
  return Object.fromEntries(Object.entries(object).filter(([key, value]) => test(value, key)));
}
