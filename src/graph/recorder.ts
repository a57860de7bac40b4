import * as tf from '@tensorflow/tfjs';
import { SegprobeError } from '../shared/errors.js';
import { compiledCallAttributes } from './compiled-call.js';
import {
  assertFits,
  type Attributes,
  type Constant,
  type GraphFunction,
  type GraphNode,
  type Signature,
  type TensorMeta,
} from './graph.js';
import {
  deriveBinding,
  dtypeOf,
  type NativeAttribute,
  type NativeBinding,
  type NativeTensor,
  type NodeBackend,
  nodeBackend,
  TF_DTYPE,
  toAttributes,
  withRecordableKernels,
} from './node-backend.js';
import type { ProgramFunction, TensorMap } from './program.js';
import { Scope, type SymbolicTensor, toConstant } from './scope.js';
import { inferOutputs } from './shapes/index.js';

/** Ids of symbolic tensors start here, far above those that the native binding gives out. */
const FIRST_SYMBOL = 2 ** 30;

/** A larger constant that is not uniform is data, and data belongs into inputs or state. */
const MAX_CONSTANT_BYTES = 4 * 2 ** 20;

/** The recorder at work, for {@link jit}; undefined while code runs eagerly. */
let active: Recorder | undefined;

/**
 * Records TensorFlow.js code as a graph: each function runs once, on tensors without values, while the native binding, through
 * which every kernel passes, writes down what it is asked to execute.
 */
export class Recorder {
  readonly nodes: GraphNode[] = [];
  readonly functions = new Map<string, GraphFunction>();
  readonly #backend: NodeBackend = nodeBackend();
  readonly #native: NativeBinding = this.#backend.binding;
  readonly #symbols = new Map<number, SymbolicTensor>();
  /** Values of tensors made outside or inside the recording that are no symbols, by native id. */
  readonly #constants = new Map<number, Constant>();
  #scope = new Scope('');
  #nextSymbol = FIRST_SYMBOL;
  #compiling = false;

  /**
   * Records one function.
   *
   * @param name - becomes the prefix of its nodes' names.
   * @param state - the variables it may read; a node of that name must hold the variable's handle.
   * @throws SegprobeError `GRAPH_UNSUPPORTED` for code that cannot be recorded: it reads a tensor's value, makes a large
   * constant, or executes an operator without a shape rule.
   */
  record(
    name: string,
    { inputs, run }: ProgramFunction,
    state: Readonly<Record<string, TensorMeta>>,
  ): Signature {
    const scope = new Scope(`${name}/`);
    return this.#within(scope, () => {
      const fed = mapValues(
        inputs,
        (meta, key) => scope.add('Placeholder', [], placeholder(meta), [meta], key)[0]!,
      );
      const read = mapValues(
        state,
        (meta, key) =>
          scope.add('ReadVariableOp', [key], { dtype: type(meta) }, [meta], `${key}/read`)[0]!,
      );
      const result = run(this.#tensors(fed), this.#tensors(read));
      if (Object.keys(result.outputs).length === 0) {
        throw new Error(`expected ${name} to have an output, by which it is run`);
      }
      const assigned = Object.entries(result.state ?? {}).flatMap(([key, tensor]) =>
        this.#assign(scope, key, read[key], this.#symbolOf(tensor)),
      );
      const outputs = mapValues(result.outputs, (tensor, key) => {
        const { reference, dtype, shape } = this.#symbolOf(tensor);
        const after = assigned.map((node) => `^${node}`);
        const meta = { dtype, shape };
        const [output] = scope.add(
          'Identity',
          [reference, ...after],
          { T: type(meta) },
          [meta],
          `out/${key}`,
        );
        return { ...meta, node: output!.reference };
      });
      this.nodes.push(...scope.nodes);
      const signatureInputs = mapValues(fed, ({ dtype, shape, reference }) => ({
        dtype,
        shape,
        node: reference,
      }));
      return { inputs: signatureInputs, outputs };
    });
  }

  /** Records `fn` as a function compiled by XLA and calls it; equal label and input shapes share one function. */
  call(label: string, fn: JitFunction, tensors: readonly tf.Tensor[]): tf.Tensor[] {
    // Within a compiled function its code is a part of that function.
    if (this.#compiling) return [fn(...tensors)].flat();
    const args = tensors.map((tensor) => this.#symbolOf(tensor));
    const name = [label, ...args.map(({ dtype, shape }) => `${dtype}_${shape.join('x')}`)].join(
      '__',
    );
    let called = this.functions.get(name);
    if (called === undefined) {
      called = this.#recordCalled(name, label, fn, args);
      this.functions.set(name, called);
    }
    const results = called.results.map(({ dtype, shape }) => ({ dtype, shape }));
    return this.#scope
      .add(
        'PartitionedCall',
        args.map(({ reference }) => reference),
        compiledCallAttributes(called),
        results,
      )
      .map((symbol) => this.#tensor(symbol));
  }

  #recordCalled(
    name: string,
    label: string,
    fn: JitFunction,
    args: readonly SymbolicTensor[],
  ): GraphFunction {
    const scope = new Scope('');
    const parameters = args.map(({ dtype, shape }, i) => ({ name: `arg${i}`, dtype, shape }));
    this.#compiling = true;
    try {
      return this.#within(scope, () => {
        const symbols = parameters.map(({ dtype, shape, name: reference }) => ({
          dtype,
          shape,
          reference,
          scope,
        }));
        const results = [fn(...symbols.map((symbol) => this.#tensor(symbol)))].flat();
        return {
          name,
          label,
          parameters,
          results: results.map((tensor) => {
            const { dtype, shape, reference } = this.#symbolOf(tensor);
            return { dtype, shape, reference };
          }),
          nodes: scope.nodes,
        };
      });
    } finally {
      this.#compiling = false;
    }
  }

  #assign(
    scope: Scope,
    key: string,
    old: SymbolicTensor | undefined,
    value: SymbolicTensor,
  ): string[] {
    if (old === undefined)
      throw new Error(`expected new state only for known variables, got ${key}`);
    if (old === value) return [];
    assertFits(`variable ${key}`, old, value);
    // The new value is written after the old one was read, whoever reads it.
    const inputs = [key, value.reference, `^${old.reference}`];
    scope.add('AssignVariableOp', inputs, { dtype: type(value) }, [], `${key}/assign`);
    return [scope.nodes.at(-1)!.name];
  }

  /** Runs `record` with the native binding replaced, nodes going to `scope`. */
  #within<T>(scope: Scope, record: () => T): T {
    const [outerScope, outerActive, outerBinding] = [this.#scope, active, this.#backend.binding];
    [this.#scope, active, this.#backend.binding] = [scope, this, this.#recordingBinding()];
    try {
      let result!: T;
      withRecordableKernels(() => tf.tidy(() => void (result = record())));
      return result;
    } finally {
      [this.#scope, active, this.#backend.binding] = [outerScope, outerActive, outerBinding];
    }
  }

  #recordingBinding(): NativeBinding {
    const native = this.#native;
    return deriveBinding(native, {
      executeOp: (op, attributes, ids, outputs) => this.#executeOp(op, attributes, ids, outputs),
      createTensor: (shape, dtype, values) => {
        const id = native.createTensor(shape, dtype, values);
        this.#constants.set(id, toConstant(dtypeOf(dtype), shape, values));
        return id;
      },
      deleteTensor: (id) => {
        if (id < FIRST_SYMBOL) native.deleteTensor(id);
      },
      tensorDataSync: (id) => {
        const symbol = this.#symbols.get(id);
        if (symbol === undefined) return native.tensorDataSync(id);
        throw new SegprobeError(
          'GRAPH_UNSUPPORTED',
          `expected code that reads no values, but the value of ${symbol.reference} [${symbol.shape}] was read`,
        );
      },
    });
  }

  #executeOp(op: string, native: NativeAttribute[], ids: number[], count: number): NativeTensor[] {
    const attributes = toAttributes(this.#native, native);
    const inputs = ids.map((id) => this.#symbolOfId(id));
    const metas = inferOutputs(op, inputs.map(toShapeInput), attributes);
    const references = inputs.map(({ reference }) => reference);
    const outputs = this.#scope.add(op, references, attributes, metas).slice(0, count);
    return outputs.map((symbol) => this.#register(symbol));
  }

  #register(symbol: SymbolicTensor): NativeTensor {
    const id = this.#nextSymbol++;
    this.#symbols.set(id, symbol);
    return { id, shape: [...symbol.shape], dtype: TF_DTYPE[symbol.dtype] };
  }

  #tensor(symbol: SymbolicTensor): tf.Tensor {
    return this.#backend.createOutputTensor(this.#register(symbol));
  }

  #tensors(symbols: Readonly<Record<string, SymbolicTensor>>): TensorMap {
    return mapValues(symbols, (symbol) => this.#tensor(symbol));
  }

  #symbolOf(tensor: tf.Tensor): SymbolicTensor {
    return this.#symbolOfId(this.#backend.getInputTensorIds([tensor])[0]!);
  }

  #symbolOfId(id: number): SymbolicTensor {
    const symbol = this.#symbols.get(id);
    if (symbol === undefined) return this.#constantSymbol(id);
    if (symbol.scope !== this.#scope) {
      throw new SegprobeError(
        'GRAPH_UNSUPPORTED',
        `expected a compiled function to use its arguments alone, got ${symbol.reference} from outside it`,
      );
    }
    return symbol;
  }

  #constantSymbol(id: number): SymbolicTensor {
    let constant = this.#constants.get(id);
    if (constant === undefined) {
      // Made before the recording: its shape and type are only to be had through an operator.
      const [copy] = this.#native.executeOp('Identity', [], [id], 1);
      constant = toConstant(
        dtypeOf(copy!.dtype),
        copy!.shape,
        this.#native.tensorDataSync(copy!.id),
      );
      this.#native.deleteTensor(copy!.id);
      this.#constants.set(id, constant);
    }
    const symbol = this.#scope.constant(constant);
    if (
      constant.values.byteLength > MAX_CONSTANT_BYTES &&
      this.#scope.nodes.at(-1)?.op !== 'Fill'
    ) {
      throw new SegprobeError(
        'GRAPH_UNSUPPORTED',
        `expected constants of at most ${MAX_CONSTANT_BYTES} bytes, got [${constant.shape}]; pass it as input or state`,
      );
    }
    return symbol;
  }
}

export type JitFunction = (...tensors: tf.Tensor[]) => tf.Tensor | tf.Tensor[];

/**
 * Marks a piece of element-wise code for compilation by XLA into one loop, which saves memory traffic. Recorded, it is a call of
 * a function named `label` (which the exporter recognises); run eagerly, it is the code itself.
 */
export function jit(label: string, fn: JitFunction): (...tensors: tf.Tensor[]) => tf.Tensor[] {
  return (...tensors) =>
    active === undefined ? [fn(...tensors)].flat() : active.call(label, fn, tensors);
}

function toShapeInput({ dtype, shape, constant, reference }: SymbolicTensor) {
  return {
    dtype,
    shape,
    constant: () => {
      if (constant !== undefined) return constant.values;
      throw new SegprobeError(
        'GRAPH_UNSUPPORTED',
        `expected a constant, got the computed ${reference}`,
      );
    },
  };
}

const type = ({ dtype }: TensorMeta) => ({ kind: 'type', value: dtype }) as const;
const placeholder = (meta: TensorMeta): Attributes => ({
  dtype: type(meta),
  shape: { kind: 'shape', value: meta.shape },
});

function mapValues<T, U>(
  object: Readonly<Record<string, T>>,
  map: (value: T, key: string) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value, key)]));
}
