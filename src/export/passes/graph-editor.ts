import {
  type AttributeProto,
  type GraphProto,
  makeNode,
  makeTensor,
  type NodeProto,
  type TensorProto,
} from '../../shared/onnx/index.js';

/** A float32 initializer. */
export interface Weights {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** A step of the optimiser: another graph that computes the same function. */
export type Pass = (graph: GraphProto) => GraphProto;

/** A graph that a pass works on: finds nodes by what they make and read, puts others in their place, keeps names apart. */
export class GraphEditor {
  readonly #graph: GraphProto;
  readonly #initializers: Map<string, TensorProto>;
  readonly #names: Set<string>;
  #nodes: NodeProto[];

  constructor(graph: GraphProto) {
    this.#graph = graph;
    this.#nodes = [...graph.node];
    this.#initializers = new Map(graph.initializer.map((tensor) => [tensor.name!, tensor]));
    this.#names = new Set([
      ...this.#initializers.keys(),
      ...graph.input.map(({ name }) => name),
      ...graph.node.flatMap(({ output }) => output),
    ]);
  }

  get nodes(): readonly NodeProto[] {
    return this.#nodes;
  }

  /** The node that makes a value; undefined for an input or an initializer. */
  producer(value: string): NodeProto | undefined {
    return this.#nodes.find(({ output }) => output.includes(value));
  }

  /** The shape of an input of the graph, a symbolic dimension undefined; undefined where no input has this name. */
  inputShape(value: string): (number | undefined)[] | undefined {
    const input = this.#graph.input.find(({ name }) => name === value);
    return input?.type?.tensorType?.shape?.dim.map(({ dimValue }) => dimValue);
  }

  /** The nodes that read a value. */
  readers(value: string): NodeProto[] {
    return this.#nodes.filter(({ input }) => input.includes(value));
  }

  /** Whether a value is an output of the graph. */
  isOutput(value: string): boolean {
    return this.#graph.output.some(({ name }) => name === value);
  }

  /** The one node that reads a value; undefined where several do, or the value is an output of the graph. */
  onlyReader(value: string): NodeProto | undefined {
    if (this.isOutput(value)) return undefined;
    const readers = this.readers(value);
    return readers.length === 1 ? readers[0] : undefined;
  }

  /** A float32 initializer's values; undefined where the value is computed or of another type. */
  weights(value: string | undefined): Weights | undefined {
    const tensor = this.#initializers.get(value ?? '');
    if (tensor?.rawData === undefined || tensor.dataType !== 1) return undefined;
    const bytes = Uint8Array.from(tensor.rawData); // Aligned.
    return { shape: tensor.dims, values: new Float32Array(bytes.buffer) };
  }

  /** The integers of an int64 initializer. */
  integers(value: string | undefined): number[] | undefined {
    const tensor = this.#initializers.get(value ?? '');
    if (tensor?.rawData === undefined || tensor.dataType !== 7) return undefined;
    return Array.from(new BigInt64Array(Uint8Array.from(tensor.rawData).buffer), Number);
  }

  /** A name that nothing has yet: `hint`, or with a number after it. */
  fresh(hint: string): string {
    let name = hint;
    for (let i = 2; this.#names.has(name); i++) name = `${hint}_${i}`;
    this.#names.add(name);
    return name;
  }

  /** Adds a float32 initializer. @returns its name. */
  addWeights(hint: string, { shape, values }: Weights): string {
    const name = this.fresh(hint);
    this.#initializers.set(name, makeTensor(name, 'float32', shape, values));
    return name;
  }

  /** Adds an int64 initializer of one axis. @returns its name. */
  addIntegers(hint: string, values: readonly number[]): string {
    const name = this.fresh(hint);
    const data = BigInt64Array.from(values, BigInt);
    this.#initializers.set(name, makeTensor(name, 'int64', [values.length], data));
    return name;
  }

  /**
   * Collects the nodes that are to stand in the place of one.
   * @param result - what their values are named after.
   */
  collect(result: string): {
    readonly nodes: NodeProto[];
    /** Adds a node with one output, and says what that is called. */
    readonly add: (
      what: string,
      op: string,
      input: string[],
      attributes?: Parameters<typeof makeNode>[3],
    ) => string;
  } {
    const nodes: NodeProto[] = [];
    return {
      nodes,
      add: (what, op, input, attributes) => {
        const output = this.fresh(`${result}.${what}`);
        nodes.push(makeNode(op, input, [output], attributes));
        return output;
      },
    };
  }

  /** Lets all that read a value read another. */
  redirect(from: string, to: string): void {
    this.#nodes = this.#nodes.map((node) =>
      node.input.includes(from)
        ? { ...node, input: node.input.map((name) => (name === from ? to : name)) }
        : node,
    );
  }

  /** Puts nodes in the place of others: where the last of these stood, so that all they read is made before. */
  replace(old: readonly NodeProto[], by: readonly NodeProto[]): void {
    const last = Math.max(...old.map((node) => this.#nodes.indexOf(node)));
    const gone = new Set(old);
    this.#nodes = this.#nodes.flatMap((node, i) => [
      ...(i === last ? by : []),
      ...(gone.has(node) ? [] : [node]),
    ]);
  }

  /** The graph as it is now, without nodes and initializers that lead nowhere; new nodes are called after what they make. */
  finish(): GraphProto {
    const wanted = new Set(this.#graph.output.map(({ name }) => name));
    const alive: NodeProto[] = [];
    for (const node of this.#nodes.toReversed()) {
      if (!node.output.some((name) => wanted.has(name))) continue;
      node.input.forEach((name) => wanted.add(name));
      const name = node.name ?? node.output[0]!;
      alive.push({ ...node, name, output: withoutUnread(node.output, wanted) });
    }
    return {
      ...this.#graph,
      node: alive.reverse(),
      initializer: [...this.#initializers.values()].filter(({ name }) => wanted.has(name!)),
    };
  }
}

/** Leaves out the outputs at the end that nothing reads. */
function withoutUnread(output: readonly string[], wanted: ReadonlySet<string>): string[] {
  const last = output.findLastIndex((name) => wanted.has(name));
  return output.slice(0, last + 1);
}

/** An attribute of whole numbers; undefined where the node has none of that name. */
export function intsOf({ attribute }: NodeProto, name: string): readonly number[] | undefined {
  return find(attribute, name)?.ints;
}

/** An attribute that is one whole number. */
export function intOf({ attribute }: NodeProto, name: string): number | undefined {
  return find(attribute, name)?.i;
}

/** An attribute that is one number. */
export function floatOf({ attribute }: NodeProto, name: string): number | undefined {
  return find(attribute, name)?.f;
}

/** An attribute that is a text. */
export function stringOf({ attribute }: NodeProto, name: string): string | undefined {
  const bytes = find(attribute, name)?.s;
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

function find(attributes: readonly AttributeProto[], name: string): AttributeProto | undefined {
  return attributes.find((attribute) => attribute.name === name);
}
