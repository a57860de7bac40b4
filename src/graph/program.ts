import type { Tensor } from '@tensorflow/tfjs';
import type { Constant, TensorMeta } from './graph.js';

export type TensorMap = Readonly<Record<string, Tensor>>;

/**
 * A function from inputs and state to outputs and, if it changes it, new state: ordinary TensorFlow.js code without
 * side effects, so that it can be run eagerly or recorded once and run as one graph.
 */
export interface ProgramFunction {
  readonly inputs: Readonly<Record<string, TensorMeta>>;
  /**
   * @param inputs - one tensor for each of `inputs`.
   * @param state - every variable's value before the call.
   * @returns the outputs, at least one, and the new values of the variables that change.
   */
  readonly run: (inputs: TensorMap, state: TensorMap) => ProgramResult;
}

export interface ProgramResult {
  readonly outputs: TensorMap;
  readonly state?: TensorMap;
}

/** Several functions over one state, e.g. a training step and the same network's prediction. */
export interface Program {
  /** The variables with their first values. */
  readonly state: Readonly<Record<string, Constant>>;
  readonly functions: Readonly<Record<string, ProgramFunction>>;
}

/** Runs a {@link Program}. Both runners, recorded and eager, hold the state between calls. */
export interface ProgramRunner {
  /** Calls a function. The caller disposes the outputs; the inputs stay the caller's. */
  run(name: string, inputs: TensorMap): Record<string, Tensor>;
  /** Copies the state's variables out as they are at the call: numbers by name. */
  readState(): Promise<Record<string, Constant>>;
  /** Overwrites variables; those not named stay. */
  writeState(values: Readonly<Record<string, Constant>>): void;
  dispose(): void;
}
