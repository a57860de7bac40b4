import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { createEagerRunner } from '../../src/graph/eager-runner.js';
import { createGraphRunner } from '../../src/graph/graph-runner.js';
import type { Constant } from '../../src/graph/graph.js';
import type { Program, ProgramRunner } from '../../src/graph/program.js';
import { jit } from '../../src/graph/recorder.js';
import { isSegprobeError } from '../../src/shared/errors.js';
import { assertAllClose } from '../support/all-close.js';
import { tensorCounts, tidily, useNativeTensorFlow } from '../support/tensorflow.js';
import { TOLERANCE } from '../support/tolerances.js';
import { toyInputs, toyProgram, variable } from './toy-program.js';

const scalar = (value: number): Constant => ({
  dtype: 'float32',
  shape: [],
  values: Float32Array.of(value),
});

describe('createGraphRunner', () => {
  useNativeTensorFlow();

  it('computes what createEagerRunner computes, step after step', async () => {
    await withRunners(toyProgram(), async ([recorded, eager]) => {
      for (let step = 1; step <= 3; step++) {
        const [a, b] = await Promise.all(
          [recorded, eager].map(async (runner) => ({
            ...runStep(runner),
            look: read(runner, 'look')['total']!,
            state: await runner.readState(),
          })),
        );
        for (const name of ['loss', 'gradient', 'look'] as const) {
          assertAllClose(a![name], b![name], TOLERANCE.float32Kernel, `${name} in step ${step}`);
        }
        for (const [name, { values }] of Object.entries(b!.state)) {
          assertAllClose(a!.state[name]!.values, values, TOLERANCE.float32Kernel, name);
        }
        assert.deepEqual([...a!.state['steps']!.values], [step]);
      }
    });
  });

  it('does a second pass as the first after the state is written back', async () => {
    await withRunners(toyProgram(), async ([runner]) => {
      const start = await runner.readState();
      const first = runStep(runner);
      assert.notDeepEqual(await runner.readState(), start);
      runner.writeState(start);
      assert.deepEqual(await runner.readState(), start);
      assert.deepEqual(runStep(runner), first);
    });
  });

  it('keeps memory of its own for what is written', async () => {
    // TensorFlow takes over memory that happens to be aligned to 64 bytes: one of these arrays is, all but surely.
    const names = Array.from({ length: 64 }, (_, i) => `v${i}`);
    const state = Object.fromEntries(names.map((name, i) => [name, variable([1024], i)]));
    const program: Program = {
      state,
      functions: {
        step: {
          inputs: {},
          run: (_inputs, variables) => {
            const next = names.map((name) => [name, tf.add(variables[name]!, 1)] as const);
            return { outputs: { done: tf.scalar(1) }, state: Object.fromEntries(next) };
          },
        },
      },
    };
    await withRunner(createGraphRunner, program, async (runner) => {
      const written = await runner.readState();
      const values = names.map((name) => [...written[name]!.values]);
      runner.writeState(written);
      for (const name of names) written[name]!.values.fill(7);
      const held = await runner.readState();
      assert.deepEqual(
        names.map((name) => [...held[name]!.values]),
        values,
      );
    });
  });

  it('leaves no tensors behind', async () => {
    await withRunners(toyProgram(), async ([runner]) => {
      const cycle = async (): Promise<string> => {
        runStep(runner);
        runner.writeState(await runner.readState());
        return tensorCounts();
      };
      const warm = await cycle();
      assert.deepEqual([await cycle(), await cycle()], [warm, warm]);
    });
  });
});

for (const create of [createGraphRunner, createEagerRunner]) {
  describe(`${create.name}, as every runner,`, () => {
    useNativeTensorFlow();

    it('exchanges two variables', async () => {
      const program: Program = {
        state: { a: scalar(1), b: scalar(2) },
        functions: {
          swap: {
            inputs: {},
            run: (_inputs, { a, b }) => ({
              outputs: { sum: tf.add(a!, b!) },
              state: { a: b!, b: a! },
            }),
          },
        },
      };
      await withRunner(create, program, async (runner) => {
        assert.deepEqual([...read(runner, 'swap')['sum']!], [3]);
        const { a, b } = await runner.readState();
        assert.deepEqual([a!.values[0], b!.values[0]], [2, 1]);
      });
    });

    it('gives the value from before the call as output of a variable that changes', async () => {
      const program: Program = {
        state: { count: scalar(5) },
        functions: {
          next: {
            inputs: {},
            run: (_inputs, { count }) => ({
              outputs: { count: count! },
              state: { count: tf.add(count!, 1) },
            }),
          },
        },
      };
      await withRunner(create, program, (runner) => {
        const numbers = [1, 2, 3].map(() => read(runner, 'next')['count']![0]);
        assert.deepEqual(numbers, [5, 6, 7]);
      });
    });

    it('gives outputs that are the caller’s own, also where they are inputs or variables', async () => {
      const program: Program = {
        state: { kept: scalar(5) },
        functions: {
          same: {
            inputs: { x: { dtype: 'float32', shape: [] } },
            run: ({ x }, { kept }) => ({ outputs: { x: x!, kept: kept! } }),
          },
        },
      };
      await withRunner(create, program, async (runner) => {
        const x = tf.scalar(3);
        tf.dispose(runner.run('same', { x }));
        assert.equal(x.dataSync()[0], 3);
        assert.equal((await runner.readState())['kept']!.values[0], 5);
        x.dispose();
      });
    });

    it('holds int32 and bool variables', async () => {
      const program: Program = {
        state: {
          count: { dtype: 'int32', shape: [2], values: Int32Array.of(3, -4) },
          flag: { dtype: 'bool', shape: [2], values: Uint8Array.of(0, 1) },
        },
        functions: {
          step: {
            inputs: {},
            run: (_inputs, { count, flag }) => ({
              outputs: { count: count! },
              state: { count: tf.mul(count!, tf.scalar(2, 'int32')), flag: tf.logicalNot(flag!) },
            }),
          },
        },
      };
      await withRunner(create, program, async (runner) => {
        read(runner, 'step');
        assert.deepEqual(await runner.readState(), {
          count: { dtype: 'int32', shape: [2], values: Int32Array.of(6, -8) },
          flag: { dtype: 'bool', shape: [2], values: Uint8Array.of(1, 0) },
        });
      });
    });

    it('runs compiled functions inside compiled functions, and ones that only pass on', async () => {
      const square = jit('square', (x) => tf.square(x));
      const outer = jit('outer', (x, y) => [tf.add(square(x)[0]!, 1), y, x]);
      const program: Program = {
        state: {},
        functions: {
          run: {
            inputs: { x: { dtype: 'float32', shape: [2] } },
            run: ({ x }) => {
              const [a, b, c] = outer(x!, tf.scalar(9));
              return { outputs: { a: a!, b: b!, c: c! } };
            },
          },
        },
      };
      await withRunner(create, program, (runner) => {
        const outputs = tidily(() => {
          const { a, b, c } = runner.run('run', { x: tf.tensor1d([3, 4]) });
          return [a, b, c].map((tensor) => [...tensor!.dataSync()]);
        });
        assert.deepEqual(outputs, [[10, 17], [9], [3, 4]]);
      });
    });

    it('refuses inputs of another shape or type, and missing ones', async () => {
      await withRunner(create, toyProgram(), (runner) => {
        tf.tidy(() => {
          const inputs = toyInputs();
          for (const [change, message] of [
            [
              { x: tf.zeros([2, 4, 6, 2]) },
              /input x: expected float32\[2,6,4,2\], got float32\[2,4,6,2\]/,
            ],
            [{ picked: tf.zeros([4]) }, /input picked: expected int32\[4\], got float32\[4\]/],
            [{ seed: undefined }, /input seed: expected int32\[2\], got none/],
          ] as const) {
            assert.throws(
              () => runner.run('step', { ...inputs, ...change } as typeof inputs),
              (error) => isSegprobeError(error, 'SHAPE_MISMATCH') && message.test(error.message),
            );
          }
        });
      });
    });

    it('refuses state of another shape', async () => {
      await withRunner(create, toyProgram(), (runner) => {
        assert.throws(
          () => runner.writeState({ table: variable([6], 1) }),
          (error) =>
            isSegprobeError(error, 'SHAPE_MISMATCH') &&
            error.message === 'variable table: expected float32[5], got float32[6]',
        );
      });
    });

    it('takes no notice of written variables that it does not have', async () => {
      await withRunner(create, toyProgram(), (runner) => runner.writeState({ other: scalar(1) }));
    });

    it('refuses a function that the program does not have', async () => {
      await withRunner(create, toyProgram(), (runner) => {
        assert.throws(
          () => runner.run('stop', {}),
          /expected one of the program's functions, got stop/,
        );
      });
    });
  });
}

/** Runs `step` of the toy program and copies its outputs. */
function runStep(runner: ProgramRunner): { loss: number[]; gradient: number[] } {
  return tidily(() => {
    const { loss, gradient } = runner.run('step', toyInputs());
    return { loss: [...loss!.dataSync()], gradient: [...gradient!.dataSync()] };
  });
}

/** Runs a function without inputs and copies its outputs. */
function read(runner: ProgramRunner, name: string): Record<string, number[]> {
  return tidily(() =>
    Object.fromEntries(
      Object.entries(runner.run(name, {})).map(([key, tensor]) => [key, [...tensor.dataSync()]]),
    ),
  );
}

async function withRunner(
  create: (program: Program) => ProgramRunner,
  program: Program,
  body: (runner: ProgramRunner) => void | Promise<void>,
): Promise<void> {
  const runner = create(program);
  try {
    await body(runner);
  } finally {
    runner.dispose();
  }
}

function withRunners(
  program: Program,
  body: (runners: readonly [ProgramRunner, ProgramRunner]) => void | Promise<void>,
): Promise<void> {
  return withRunner(createGraphRunner, program, (recorded) =>
    withRunner(createEagerRunner, program, (eager) => body([recorded, eager])),
  );
}
