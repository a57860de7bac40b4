import { type GraphFunction, type GraphNode, parseReference, sizeOf } from '../graph.js';

type Body = Omit<GraphFunction, 'name'>;

/**
 * Rewrites sums and products whose value goes into several products, so that none is an intermediate result of its own. XLA on
 * CPUs writes a value of two tensors to memory when several of a loop's outputs need it, and reads it again for each:
 *
 * - `(x·m)·g` becomes `x·(m·g)` where `m` is broadcast, as dropout's mask is;
 * - `(a + b)·g` becomes `a·g + b·g`, for all products but the first.
 */
export function useOnce(body: Body): Body {
  const results = new Set(body.results.map(({ reference }) => reference));
  let nodes = body.nodes;
  for (const { name, op } of body.nodes) {
    if ((op !== 'Mul' && op !== 'Add' && op !== 'AddV2') || results.has(name)) continue;
    // Earlier rounds may have changed its inputs.
    const node = nodes.find((candidate) => candidate.name === name)!;
    const users = nodes.filter(({ inputs }) => inputs.includes(name));
    if (users.length < 2 || !users.every((user) => isProductOf(name, user))) continue;
    const large = node.inputs.filter((input) => isAsLargeAs(node, input, { ...body, nodes }));
    if (op === 'Mul' && large.length === 1) {
      nodes = associate(nodes, node, large[0]!, new Set(users));
    } else if (op !== 'Mul' && large.length === 2) {
      nodes = distribute(nodes, node, new Set(users.slice(1)));
    }
  }
  return { ...body, nodes };
}

/** The other factor of a product. */
function otherFactor({ inputs: [a, b] }: GraphNode, name: string): string {
  return a === name ? b! : a!;
}

function isProductOf(name: string, { op, inputs }: GraphNode): boolean {
  return op === 'Mul' && inputs.filter((input) => input === name).length === 1;
}

function isAsLargeAs(node: GraphNode, reference: string, { nodes, parameters }: Body): boolean {
  const { node: name, output } = parseReference(reference);
  const meta =
    parameters.find((parameter) => parameter.name === reference) ??
    nodes.find((candidate) => candidate.name === name)!.outputs[output]!;
  return sizeOf(meta.shape) === sizeOf(node.outputs[0]!.shape);
}

/** Makes `(x·m)·g` of each user `x·(m·g)`; the product with `m` is gone. */
function associate(
  nodes: readonly GraphNode[],
  product: GraphNode,
  x: string,
  users: ReadonlySet<GraphNode>,
): GraphNode[] {
  const mask = otherFactor(product, x);
  return nodes.flatMap((node) => {
    if (node === product) return [];
    if (!users.has(node)) return [node];
    const inner: GraphNode = {
      ...node,
      name: `${node.name}_masked`,
      inputs: [mask, otherFactor(node, product.name)],
    };
    return [inner, { ...node, inputs: [x, inner.name] }];
  });
}

/** Makes `(a + b)·g` of each user `a·g + b·g`. */
function distribute(
  nodes: readonly GraphNode[],
  sum: GraphNode,
  users: ReadonlySet<GraphNode>,
): GraphNode[] {
  return nodes.flatMap((node) => {
    if (!users.has(node)) return [node];
    const factor = otherFactor(node, sum.name);
    const terms = sum.inputs.map((term, i): GraphNode => ({
      ...node,
      name: `${node.name}_term${i}`,
      inputs: [term, factor],
    }));
    return [...terms, { ...node, op: sum.op, inputs: terms.map(({ name }) => name) }];
  });
}
