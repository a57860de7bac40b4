import type { Constant, Graph, GraphNode } from '../graph/graph.js';
import { withoutDeadCode } from '../graph/record-program.js';
import { SegprobeError } from '../shared/errors.js';
import {
  type GraphProto,
  makeGraph,
  makeNode,
  makeTensor,
  makeTensorValueInfo,
  type NodeProto,
  type TensorProto,
} from '../shared/onnx/index.js';
import type { ConvertContext, ConvertedValue, KnownConstant } from './converter.js';
import { unsupported } from './converter.js';
import { CALL_CONVERTERS, CONVERTERS } from './converters/index.js';

export interface ConvertOptions {
  /** The function of the graph that is exported, and which of its inputs and outputs; both images, NHWC of rank 4. */
  readonly signature: string;
  readonly input: string;
  readonly output: string;
  /** The variables' values. */
  readonly state: Readonly<Record<string, Constant>>;
  /** Names a weight by the variable it lies in and its offset there. */
  readonly nameWeight: (variable: string, offset: number) => string | undefined;
  /** Symbolic or fixed dimensions of the input and output in NCHW, e.g. `['N', 3, 'H', 'W']`. */
  readonly inputDims: readonly (string | number)[];
  readonly outputDims: readonly (string | number)[];
}

/**
 * Converts one function of a recorded graph, in evaluation mode, to ONNX: NHWC becomes NCHW, variables become initializers,
 * every other node goes through its converter.
 *
 * @throws SegprobeError `EXPORT_UNSUPPORTED` naming the node that has no converter, and the operators that have one.
 */
export function convertGraph(graph: Graph, options: ConvertOptions): GraphProto {
  const signature = graph.signatures[options.signature]!;
  const output = signature.outputs[options.output]!.node;
  const nodes = withoutDeadCode(graph.nodes, [output]);
  const conversion = new Conversion(graph, options);
  conversion.values.set(signature.inputs[options.input]!.node, {
    kind: 'value',
    name: options.input,
  });
  for (const node of nodes) conversion.convert(node);
  const result = conversion.values.get(output);
  if (result?.kind !== 'value') {
    throw new SegprobeError(
      'EXPORT_UNSUPPORTED',
      `expected ${options.output} to depend on the input, got a constant`,
    );
  }
  return makeGraph({
    name: 'segprobe',
    nodes: conversion.nodes.map((node) => renameOutput(node, result.name, options.output)),
    inputs: [makeTensorValueInfo(options.input, 'float32', [...options.inputDims])],
    outputs: [makeTensorValueInfo(options.output, 'float32', [...options.outputDims])],
    initializers: conversion.initializers,
  });
}

class Conversion {
  readonly values = new Map<string, ConvertedValue>();
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  readonly #names = new Set<string>();
  readonly #shapes = new Map<string, readonly number[]>();
  readonly #graph: Graph;
  readonly #options: ConvertOptions;

  constructor(graph: Graph, options: ConvertOptions) {
    this.#graph = graph;
    this.#options = options;
  }

  convert(node: GraphNode): void {
    node.outputs.forEach(({ shape }, i) => this.#shapes.set(referenceOf(node, i), shape));
    if (node.op === 'Placeholder' || node.op === 'VarHandleOp') return;
    if (node.op === 'ReadVariableOp') {
      const variable = node.inputs[0]!;
      const constant = { ...this.#options.state[variable]!, origin: { variable, offset: 0 } };
      this.values.set(node.name, { kind: 'constant', constant });
      return;
    }
    if (node.op === 'PartitionedCall') {
      const name = node.attributes['f']!.value as string;
      const called = this.#graph.functions.find((candidate) => candidate.name === name)!;
      const converter = CALL_CONVERTERS[called.label];
      if (converter === undefined)
        throw noConverter(`function ${called.label}`, node, CALL_CONVERTERS);
      converter({ ...this.#context(node), called });
      return;
    }
    const converter = CONVERTERS[node.op];
    if (converter === undefined) throw noConverter(node.op, node, CONVERTERS);
    converter(this.#context(node));
  }

  #context(node: GraphNode): ConvertContext {
    const input = (i: number): ConvertedValue => this.values.get(node.inputs[i]!)!;
    return {
      node,
      input,
      shapeOf: (i) => this.#shapes.get(node.inputs[i]!)!,
      value: (i) => {
        const found = input(i);
        if (found.kind === 'value') return found.name;
        throw unsupported(node, `expected input ${i} to be computed, got a constant`);
      },
      constant: (i) => {
        const found = input(i);
        if (found.kind === 'constant') return found.constant;
        throw unsupported(node, `expected input ${i} to be a constant, got ${found.name}`);
      },
      initializer: (source, suffix, { dtype, shape, values }) => {
        const name = this.#initializerName(source, node, suffix);
        if (!this.#names.has(name)) {
          this.#names.add(name);
          this.initializers.push(makeTensor(name, dtype, [...shape], values));
        }
        return name;
      },
      emit: (opType, inputs, attributes = {}) => {
        const outputs = node.outputs.map((_, i) => referenceOf(node, i));
        // Batch normalisation's statistics and the like have no meaning in evaluation.
        const used = opType === 'BatchNormalization' ? outputs.slice(0, 1) : outputs;
        this.nodes.push(makeNode(opType, inputs, used, attributes, { name: node.name }));
        used.forEach((name) => this.values.set(name, { kind: 'value', name }));
      },
      alias: (i, value) => void this.values.set(referenceOf(node, i), value),
    };
  }

  #initializerName({ origin }: KnownConstant, node: GraphNode, suffix: string): string {
    const name = origin && this.#options.nameWeight(origin.variable, origin.offset);
    return name ?? `${node.name}/${suffix}`;
  }
}

function referenceOf({ name }: GraphNode, output: number): string {
  return output === 0 ? name : `${name}:${output}`;
}

function renameOutput(node: NodeProto, from: string, to: string): NodeProto {
  const rename = (names: readonly string[]): string[] =>
    names.map((name) => (name === from ? to : name));
  return { ...node, input: rename(node.input), output: rename(node.output) };
}

function noConverter(
  what: string,
  node: GraphNode,
  table: Readonly<Record<string, unknown>>,
): SegprobeError {
  const known = Object.keys(table).join(', ');
  return new SegprobeError(
    'EXPORT_UNSUPPORTED',
    `expected one of ${known}, got ${what} (${node.name})`,
  );
}
