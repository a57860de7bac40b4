import { type Constant, type Graph, type GraphNode, parseReference } from '../graph/graph.js';
import { withoutDeadCode } from '../graph/record-program.js';
import { SegprobeError } from '../shared/errors.js';
import {
  type AttributeValue,
  type GraphProto,
  makeGraph,
  makeNode,
  makeTensor,
  makeTensorValueInfo,
  type NodeProto,
  type TensorProto,
} from '../shared/onnx/index.js';
import {
  type ConvertContext,
  type ConvertedValue,
  type Initializer,
  type KnownConstant,
  type NodeView,
  unsupported,
} from './converter.js';
import { CALL_CONVERTERS, CONVERTERS } from './converters/index.js';

export interface ConvertOptions {
  /** What the ONNX graph is called. */
  readonly name: string;
  /** The function of the recording that is exported, and which of its inputs and outputs; both images, NHWC of rank 4. */
  readonly signature: string;
  readonly input: string;
  readonly output: string;
  /** The variables' values. */
  readonly state: Readonly<Record<string, Constant>>;
  /** Names a weight, e.g. `initial_block.main_branch.weight`, by the variable it lies in and its offset there. */
  readonly nameWeight: (variable: string, offset: number) => string | undefined;
  /** Symbolic or fixed dimensions of the input and output in NCHW, e.g. `['N', 3, 'H', 'W']`. */
  readonly inputDims: readonly (string | number)[];
  readonly outputDims: readonly (string | number)[];
}

/**
 * Converts one function of a recorded graph, in evaluation mode, to ONNX: NHWC becomes NCHW, variables become initializers,
 * every other node goes through its converter. Nodes are called after the layer whose weight they use, else after their operator.
 *
 * @throws SegprobeError `EXPORT_UNSUPPORTED` naming the node that has no converter, and the operators that have one.
 */
export function convertGraph(graph: Graph, options: ConvertOptions): GraphProto {
  const conversion = new Conversion(graph, options);
  const result = conversion.run();
  return makeGraph({
    name: options.name,
    nodes: withOutput(withoutUnreadOutputs(conversion.nodes), result, options),
    inputs: [makeTensorValueInfo(options.input, 'float32', options.inputDims)],
    outputs: [makeTensorValueInfo(options.output, 'float32', options.outputDims)],
    initializers: conversion.initializers,
  });
}

/** Calls the result what the graph's output is called. No other node reads it: what does not lead to it is left out. */
function withOutput(
  nodes: readonly NodeProto[],
  result: string,
  { input, output }: ConvertOptions,
): NodeProto[] {
  if (result === input) return [makeNode('Identity', [input], [output])];
  return nodes.map((node) => ({
    ...node,
    output: node.output.map((name) => (name === result ? output : name)),
  }));
}

/** Leaves out the last outputs of a node that no other reads: not every runtime can compute them. */
function withoutUnreadOutputs(nodes: readonly NodeProto[]): NodeProto[] {
  const read = new Set(nodes.flatMap(({ input }) => input));
  return nodes.map((node) => ({
    ...node,
    output: node.output.filter((name, i) => i === 0 || read.has(name)),
  }));
}

/** A conversion at work: what the values have become so far, and the ONNX graph that grows. */
class Conversion {
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  readonly #graph: Graph;
  readonly #options: ConvertOptions;
  /** Where the result comes from. */
  readonly #output: string;
  /** The nodes that the result depends on, in their order. */
  readonly #byName: ReadonlyMap<string, GraphNode>;
  /** References that a node, or the result, reads. */
  readonly #used: ReadonlySet<string>;
  /** By reference. */
  readonly #values = new Map<string, ConvertedValue>();
  /** Names in use: of nodes, values and initializers alike. */
  readonly #names: Set<string>;
  /** Initializers of weights by name and shape: two layers that share a weight share it here, too. */
  readonly #weights = new Map<string, string>();

  constructor(graph: Graph, options: ConvertOptions) {
    const { inputs, outputs } = graph.signatures[options.signature]!;
    this.#graph = graph;
    this.#options = options;
    this.#output = outputs[options.output]!.node;
    const nodes = withoutDeadCode(graph.nodes, [this.#output]);
    this.#byName = new Map(nodes.map((node) => [node.name, node]));
    this.#used = new Set([this.#output, ...nodes.flatMap((node) => node.inputs)]);
    this.#names = new Set([options.input, options.output]);
    // A recording lacks the inputs that nothing depends on.
    const input = inputs[options.input];
    if (input !== undefined) this.#values.set(input.node, { kind: 'value', name: options.input });
  }

  /** Converts every node. @returns the name of the value that is the result. */
  run(): string {
    for (const node of this.#byName.values()) this.#convert(node);
    const result = this.#values.get(this.#output)!;
    if (result.kind === 'value') return result.name;
    const { input, output } = this.#options;
    throw new SegprobeError(
      'EXPORT_UNSUPPORTED',
      `expected ${output} to depend on ${input}, got a constant`,
    );
  }

  #convert(node: GraphNode): void {
    switch (node.op) {
      case 'Placeholder':
        if (this.#values.has(node.name)) return;
        throw unsupported(node, `expected no input but ${this.#options.input}`);
      case 'VarHandleOp':
        return;
      case 'ReadVariableOp': {
        const variable = node.inputs[0]!;
        const constant = { ...this.#options.state[variable]!, origin: { variable, offset: 0 } };
        this.#values.set(node.name, { kind: 'constant', constant });
        return;
      }
      case 'PartitionedCall': {
        const label = this.#labelOf(node)!;
        const converter = CALL_CONVERTERS[label];
        if (converter === undefined) throw noConverter('function', label, node, CALL_CONVERTERS);
        converter(this.#contextOf(node));
        return;
      }
      default: {
        const converter = CONVERTERS[node.op];
        if (converter === undefined) throw noConverter('operator', node.op, node, CONVERTERS);
        converter(this.#contextOf(node));
      }
    }
  }

  #viewOf(node: GraphNode): NodeView {
    const input = (i: number): ConvertedValue => {
      const found = this.#values.get(node.inputs[i]!);
      if (found === undefined) throw unsupported(node, `expected an input ${i} that ONNX has`);
      return found;
    };
    return {
      node,
      label: this.#labelOf(node),
      input,
      value: (i) => {
        const found = input(i);
        if (found.kind === 'value') return found.name;
        throw unsupported(node, `expected input ${i} to be computed, got a constant`);
      },
      constant: (i) => {
        const found = input(i);
        if (found.kind === 'constant') return found.constant;
        throw unsupported(node, `expected input ${i} to be a constant, got a computed value`);
      },
      shapeOf: (i) => {
        const { node: name, output } = parseReference(node.inputs[i]!);
        return this.#byName.get(name)!.outputs[output]!.shape;
      },
      producerOf: (i) => this.#viewOf(this.#producerOf(node.inputs[i]!)),
      output: (i) => {
        const found = this.#values.get(referenceOf(node, i));
        if (found?.kind === 'value') return found.name;
        throw unsupported(node, `expected output ${i} to be a value of the ONNX graph`);
      },
    };
  }

  #contextOf(node: GraphNode): ConvertContext {
    return {
      ...this.#viewOf(node),
      emit: (opType, inputs, attributes) => {
        const references = node.outputs.map((_, i) => referenceOf(node, i));
        // Batch statistics and the like have no meaning in evaluation, and ONNX has no outputs for them.
        const last = references.findLastIndex((reference) => this.#used.has(reference));
        const outputs = this.#emit(opType, inputs, attributes, last + 1);
        outputs.forEach((name, i) => this.#values.set(references[i]!, { kind: 'value', name }));
      },
      add: (opType, inputs, attributes) => this.#emit(opType, inputs, attributes, 1)[0]!,
      alias: (i, value) => void this.#values.set(referenceOf(node, i), value),
    };
  }

  /** Adds a node to the ONNX graph. @returns the names of its outputs; the first is the node's. */
  #emit(
    opType: string,
    inputs: readonly (string | Initializer)[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    outputCount: number,
  ): string[] {
    const name = this.#nodeName(opType, inputs);
    const outputs = Array.from({ length: outputCount }, (_, i) =>
      i === 0 ? name : this.#unique(`${name}_output_${i}`),
    );
    const names = inputs.map((given) =>
      typeof given === 'string' ? given : this.#initializer(given, name),
    );
    this.nodes.push(makeNode(opType, names, outputs, attributes, { name }));
    return outputs;
  }

  /** The name that the code gave the compiled function that a node calls. */
  #labelOf({ op, attributes }: GraphNode): string | undefined {
    if (op !== 'PartitionedCall') return undefined;
    return this.#graph.functions.find(({ name }) => name === attributes['f']!.value)!.label;
  }

  #producerOf(reference: string): GraphNode {
    const node = this.#byName.get(parseReference(reference).node)!;
    return node.op === 'Identity' ? this.#producerOf(node.inputs[0]!) : node;
  }

  #nodeName(opType: string, inputs: readonly (string | Initializer)[]): string {
    for (const input of inputs) {
      const weight = typeof input === 'string' ? undefined : this.#weightName(input.source);
      const layer = weight?.slice(0, Math.max(0, weight.lastIndexOf('.')));
      if (layer) return this.#unique(layer);
    }
    return this.#unique(opType);
  }

  #initializer({ role, source, dtype, shape, values }: Initializer, node: string): string {
    const weight = this.#weightName(source);
    const key = `${weight} [${shape}]`;
    const known = weight === undefined ? undefined : this.#weights.get(key);
    if (known !== undefined) return known;
    const name = this.#unique(weight ?? `${node}.${role}`);
    if (weight !== undefined) this.#weights.set(key, name);
    this.initializers.push(makeTensor(name, dtype, shape, values));
    return name;
  }

  #weightName({ origin }: KnownConstant): string | undefined {
    return origin && this.#options.nameWeight(origin.variable, origin.offset);
  }

  /** `name`, or with a number behind it where that is in use: `Relu`, `Relu_2`, `Relu_3`. */
  #unique(name: string): string {
    let candidate = name;
    for (let i = 2; this.#names.has(candidate); i++) candidate = `${name}_${i}`;
    this.#names.add(candidate);
    return candidate;
  }
}

function referenceOf({ name }: GraphNode, output: number): string {
  return output === 0 ? name : `${name}:${output}`;
}

function noConverter(
  kind: 'operator' | 'function',
  what: string,
  node: GraphNode,
  table: Readonly<Record<string, unknown>>,
): SegprobeError {
  const known = Object.keys(table).join(', ');
  return new SegprobeError(
    'EXPORT_UNSUPPORTED',
    `expected ${kind === 'operator' ? 'an operator' : 'a compiled function'} of ${known}, got ${what} (${node.name})`,
  );
}
