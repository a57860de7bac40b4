import {
  type Attributes,
  type Constant,
  type GraphNode,
  sizeOf,
  type TensorMeta,
} from './graph.js';

/** Constants at most this long are shared between equal uses. */
const POOLED_BYTES = 4096;

/** A tensor that stands for an output of a node. */
export interface SymbolicTensor extends TensorMeta {
  /** Where it lies in its scope: `node` or `node:output`. */
  readonly reference: string;
  readonly scope: Scope;
  /** Its values, when it is a constant. */
  readonly constant?: Constant;
}

/** The nodes of one function while it is recorded, named in the order in which they occur. */
export class Scope {
  readonly nodes: GraphNode[] = [];
  readonly #prefix: string;
  readonly #counts = new Map<string, number>();
  readonly #pool = new Map<string, SymbolicTensor>();

  /** @param prefix - put before every node's name, so that functions of one graph do not clash. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Adds a node and returns its outputs. Without `name` it is called after its operator and numbered. */
  add(
    op: string,
    inputs: readonly string[],
    attributes: Attributes,
    outputs: readonly TensorMeta[],
    name = this.#number(op),
  ): SymbolicTensor[] {
    const fullName = this.#prefix + name;
    this.nodes.push({ name: fullName, op, inputs, attributes, outputs });
    return outputs.map(({ dtype, shape }, i) => ({
      dtype,
      shape,
      reference: i === 0 ? fullName : `${fullName}:${i}`,
      scope: this,
    }));
  }

  /** Adds a constant: pooled when small, a Fill when large and uniform (zeros, ones), as it is otherwise. */
  constant(constant: Constant): SymbolicTensor {
    const { values, dtype, shape } = constant;
    const bytes = values.byteLength;
    if (bytes > POOLED_BYTES && isUniform(values)) return this.#fill(constant);
    const key = bytes <= POOLED_BYTES ? `${dtype}|${shape}|${bytesOf(values)}` : undefined;
    const known = key === undefined ? undefined : this.#pool.get(key);
    if (known !== undefined) return known;
    const [output] = this.add(
      'Const',
      [],
      { dtype: { kind: 'type', value: dtype }, value: { kind: 'tensor', value: constant } },
      [{ dtype, shape }],
    );
    const symbol = { ...output!, constant };
    if (key !== undefined) this.#pool.set(key, symbol);
    return symbol;
  }

  #fill(constant: Constant): SymbolicTensor {
    const { dtype, shape, values } = constant;
    const dims = this.constant({
      dtype: 'int32',
      shape: [shape.length],
      values: Int32Array.from(shape),
    });
    const value = this.constant({ dtype, shape: [], values: values.slice(0, 1) });
    const [output] = this.add(
      'Fill',
      [dims.reference, value.reference],
      { T: { kind: 'type', value: dtype }, index_type: { kind: 'type', value: 'int32' } },
      [{ dtype, shape }],
    );
    return { ...output!, constant };
  }

  #number(op: string): string {
    const count = (this.#counts.get(op) ?? 0) + 1;
    this.#counts.set(op, count);
    return `${op}_${count}`;
  }
}

/** Turns raw values, as tfjs hands them to the binding, into a constant of the right array type. */
export function toConstant(
  dtype: TensorMeta['dtype'],
  shape: readonly number[],
  values: ArrayLike<number>,
): Constant {
  const arrays = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };
  const array = arrays[dtype].from(values);
  if (array.length !== sizeOf(shape)) {
    throw new Error(`constant [${shape}]: expected ${sizeOf(shape)} values, got ${array.length}`);
  }
  return { dtype, shape: [...shape], values: array };
}

function isUniform(values: Constant['values']): boolean {
  return values.every((value: number) => Object.is(value, values[0]));
}

function bytesOf(values: Constant['values']): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('latin1');
}
