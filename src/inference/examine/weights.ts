import {
  ELEMENT_TYPES,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from '../../shared/onnx/index.js';

/** Element types whose numbers are weights; the others are shapes, indices and flags. */
const WEIGHT_TYPES: ReadonlySet<number> = new Set(
  (['float32', 'float64', 'float16', 'bfloat16', 'int8', 'uint8'] as const).map(
    (type) => ELEMENT_TYPES[type].number,
  ),
);

/** The least float32 that is a normal number. */
const LEAST_NORMAL = 2 ** -126;

/** Lists a graph's nodes, those of graphs inside them (the branches of an If, the body of a Loop) among them. */
export function nodesOf(graph: GraphProto): NodeProto[] {
  return graphsIn(graph).flatMap(({ node }) => node);
}

/** Counts the numbers in a graph's weights, those of graphs inside it among them. */
export function countParameters(graph: GraphProto): number {
  return tensorsOf(graph)
    .filter(({ dataType }) => WEIGHT_TYPES.has(dataType))
    .reduce((sum, { dims }) => sum + dims.reduce((product, length) => product * length, 1), 0);
}

/** Counts the float32 weights that are neither 0 nor normal numbers; weights outside the file are not seen. */
export function countDenormals(graph: GraphProto): number {
  let denormals = 0;
  for (const tensor of tensorsOf(graph)) {
    if (tensor.dataType !== ELEMENT_TYPES.float32.number) continue;
    for (const value of valuesOf(tensor)) {
      if (value !== 0 && Math.abs(value) < LEAST_NORMAL) denormals++;
    }
  }
  return denormals;
}

function graphsIn(graph: GraphProto): GraphProto[] {
  const inside = graph.node.flatMap(({ attribute }) =>
    attribute.flatMap(({ g }) => (g === undefined ? [] : graphsIn(g))),
  );
  return [graph, ...inside];
}

/** Weights stand as initializers, or as the values of Constant nodes. */
function tensorsOf(graph: GraphProto): TensorProto[] {
  return graphsIn(graph).flatMap(({ initializer, node }) => [
    ...initializer,
    ...node
      .filter(({ opType }) => opType === 'Constant')
      .flatMap(({ attribute }) => attribute.flatMap(({ t }) => (t === undefined ? [] : [t]))),
  ]);
}

function valuesOf({ rawData, floatData }: TensorProto): ArrayLike<number> & Iterable<number> {
  if (rawData === undefined || rawData.length === 0) return floatData ?? [];
  // Copied: a view of the file need not begin at a multiple of four bytes.
  return new Float32Array(new Uint8Array(rawData).buffer);
}
