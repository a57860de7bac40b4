import type { ProgramRunner } from '../graph/program.js';
import type { Constant } from '../graph/graph.js';
import { createRandom } from '../shared/random.js';
import type { ModelSpec } from './models/model.js';
import {
  type NamedTensors,
  OPTIMIZER_PREFIX as PREFIX,
  packParameters,
  packWeights,
  type PackedWeights,
  toVector,
  unpackParameters,
  unpackWeights,
} from './packing.js';

/** A network's numbers and Adam's as a program's state holds them. */
export interface PackedState extends PackedWeights {
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
}

/** Reads the whole state of a program, all of whose variables are float32 vectors. */
export async function readPackedState<State extends PackedState>(
  runner: ProgramRunner,
): Promise<State> {
  const state = Object.entries(await runner.readState());
  return Object.fromEntries(state.map(([name, { values }]) => [name, values])) as unknown as State;
}

/** Vectors as `ProgramRunner.writeState` takes them. */
export function toVectors(
  state: Readonly<Record<string, Float32Array>>,
): Readonly<Record<string, Constant>> {
  return Object.fromEntries(
    Object.entries(state).map(([name, values]) => [name, toVector(values)]),
  );
}

/** What training needs to go on, by the names of `optimizer.safetensors`. */
export function nameOptimizer(spec: ModelSpec, state: PackedState): NamedTensors {
  return new Map([
    ...withPrefix(PREFIX.weights, unpackWeights(spec, state)),
    ...withPrefix(PREFIX.firstMoment, unpackParameters(spec, state.firstMoment)),
    ...withPrefix(PREFIX.secondMoment, unpackParameters(spec, state.secondMoment)),
  ]);
}

/**
 * The way back of {@link nameOptimizer}.
 * @param what - the file, for messages.
 * @throws SegprobeError `CHECKPOINT_INVALID` for a tensor that is missing or of another shape.
 */
export function packOptimizer(spec: ModelSpec, named: NamedTensors, what: string): PackedState {
  return {
    ...packWeights(spec, ...partOf(named, PREFIX.weights, what)),
    firstMoment: packParameters(spec, ...partOf(named, PREFIX.firstMoment, what)),
    secondMoment: packParameters(spec, ...partOf(named, PREFIX.secondMoment, what)),
  };
}

/** Tensors of names with a prefix. */
export function withPrefix(prefix: string, named: NamedTensors): NamedTensors {
  return new Map([...named].map(([name, tensor]) => [prefix + name, tensor]));
}

/** The tensors whose names have a prefix, without it, and what they are a part of, for messages. */
export function partOf(named: NamedTensors, prefix: string, what: string): [NamedTensors, string] {
  const own = [...named].filter(([name]) => name.startsWith(prefix));
  return [
    new Map(own.map(([name, tensor]) => [name.slice(prefix.length), tensor])),
    `${what}, ${prefix}*`,
  ];
}

/** Two words that a step's dropout is drawn from; each dropout in it adds its number to the second. */
export function dropoutSeed(seed: number, step: number): Int32Array {
  const random = createRandom(seed, step);
  return Int32Array.from({ length: 2 }, () => Math.floor(random() * 2 ** 32) | 0);
}
