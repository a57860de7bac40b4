import * as tf from '@tensorflow/tfjs';
import { assertFits, type Constant } from './graph.js';
import type { Program, ProgramRunner } from './program.js';
import { takeConstants } from './take-values.js';

/** Runs a program's functions eagerly on whatever backend is active: without native TensorFlow, for debugging, in tests. */
export function createEagerRunner(program: Program): ProgramRunner {
  const toTensor = ({ values, shape, dtype }: Constant): tf.Tensor =>
    tf.tensor(values, [...shape], dtype);
  const state = tf.tidy(() =>
    Object.fromEntries(
      Object.entries(program.state).map(([name, value]) => [name, tf.keep(toTensor(value))]),
    ),
  );
  const replace = (name: string, tensor: tf.Tensor): void => {
    state[name]!.dispose();
    state[name] = tensor;
  };

  return {
    run: (name, inputs) =>
      tf.tidy(() => {
        const fn = program.functions[name];
        if (fn === undefined)
          throw new Error(`expected one of the program's functions, got ${name}`);
        for (const [key, meta] of Object.entries(fn.inputs))
          assertFits(`input ${key}`, meta, inputs[key]);
        const result = fn.run(inputs, { ...state });
        // Copies before anything is disposed: outputs and new values may be inputs or old values of other variables.
        const outputs = Object.entries(result.outputs).map(
          ([key, tensor]) => [key, tensor.clone()] as const,
        );
        const changed = Object.entries(result.state ?? {}).map(([key, tensor]) => {
          assertFits(`variable ${key}`, program.state[key]!, tensor);
          return [key, tf.keep(tensor.clone())] as const;
        });
        for (const [key, tensor] of changed) replace(key, tensor);
        return Object.fromEntries(outputs);
      }),
    readState: async () => {
      const variables = Object.entries(state).map(([name, tensor]) => [name, tensor.clone()]);
      const read = await takeConstants(Object.fromEntries(variables) as Record<string, tf.Tensor>);
      // Some backends give out the memory that they go on computing with.
      const copies = Object.entries(read).map(([name, constant]) => [
        name,
        { ...constant, values: constant.values.slice() },
      ]);
      return Object.fromEntries(copies) as Record<string, Constant>;
    },
    writeState: (values) => {
      for (const [name, value] of Object.entries(values)) {
        if (!(name in state)) continue;
        assertFits(`variable ${name}`, program.state[name]!, value);
        replace(name, tf.keep(toTensor(value)));
      }
    },
    dispose: () => tf.dispose(state),
  };
}
