import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import type { GraphNode } from '../../src/graph/graph.js';
import { executeRawOp, nodeBackend } from '../../src/graph/node-backend.js';
import type { Program, TensorMap } from '../../src/graph/program.js';
import { recordProgram, withoutDeadCode } from '../../src/graph/record-program.js';
import { jit } from '../../src/graph/recorder.js';
import { type ErrorCode, isSegprobeError } from '../../src/shared/errors.js';
import { createEnet } from '../../src/train/models/enet.js';
import { initialWeights } from '../../src/train/packing.js';
import { createVictimProgram } from '../../src/train/victim-program.js';
import { tensorCounts, useNativeTensorFlow, usePortableBackend } from '../support/tensorflow.js';
import { toyProgram, variable } from './toy-program.js';

/** A program of one function of `x` float32 `[2, 3]` over the variable `w`, of the same shape. */
function programOf(run: (x: tf.Tensor, w: tf.Tensor) => tf.Tensor | { w: tf.Tensor }): Program {
  return {
    state: { w: variable([2, 3], 1) },
    functions: {
      run: {
        inputs: { x: { dtype: 'float32', shape: [2, 3] } },
        run: ({ x }, { w }) => {
          const result = run(x!, w!);
          if (result instanceof tf.Tensor) return { outputs: { y: result } };
          return { outputs: { y: x! }, state: result };
        },
      },
    },
  };
}

describe('recordProgram', () => {
  useNativeTensorFlow();

  it('records the same program twice as the same graph', () => {
    assert.deepEqual(recordProgram(toyProgram()), recordProgram(toyProgram()));
  });

  it('records ENet twice as the same graph', () => {
    const record = () => {
      const model = createEnet({ classCount: 5 });
      return recordProgram(
        createVictimProgram({
          model,
          weights: initialWeights(model.spec, 1),
          height: 16,
          width: 24,
          trainBatchSizes: [2],
          predictBatchSizes: [1],
          classWeights: [1, 1, 1, 1, 1],
          weightDecay: 1e-4,
        }),
      );
    };
    assert.deepEqual(record(), record());
  });

  it('shows by two unequal graphs that a program draws numbers in JavaScript', () => {
    const drawing = (): Program => programOf((x) => tf.add(x, tf.randomUniform([2, 3])));
    assert.notDeepEqual(recordProgram(drawing()), recordProgram(drawing()));
  });

  it('computes nothing but constants', () => {
    let executed = 0;
    const backend = nodeBackend();
    const { binding } = backend;
    const counting = Object.create(binding, {
      executeOp: {
        value: (...args: Parameters<typeof binding.executeOp>) => {
          executed++;
          return binding.executeOp(...args);
        },
      },
    }) as typeof binding;
    backend.binding = counting;
    try {
      recordProgram(toyProgram());
    } finally {
      backend.binding = binding;
    }
    assert.equal(executed, 0);
  });

  it('leaves out inputs, variables, functions and nodes that no output needs', () => {
    const { nodes, functions, signatures, variables } = recordProgram({
      state: { used: variable([2], 1), unused: variable([3], 2) },
      functions: {
        run: {
          inputs: {
            x: { dtype: 'float32', shape: [2] },
            ignored: { dtype: 'float32', shape: [2] },
          },
          run: ({ x, ignored }: TensorMap, { used, unused }: TensorMap) => {
            jit('nobodysSquare', (y) => tf.square(y))(ignored!);
            tf.exp(unused!);
            return { outputs: { y: tf.add(x!, used!) } };
          },
        },
      },
    });
    assert.deepEqual(Object.keys(signatures['run']!.inputs), ['x']);
    assert.deepEqual(Object.keys(variables), ['used']);
    assert.deepEqual(functions, []);
    assert.deepEqual(
      nodes.map(({ op }) => op),
      ['VarHandleOp', 'Placeholder', 'ReadVariableOp', 'Add', 'Identity'],
    );
  });

  it('writes a variable after its old value was read, and outputs after that', () => {
    const { nodes } = recordProgram(programOf((x, w) => ({ w: tf.add(x, w) })));
    const byName = new Map(nodes.map((node) => [node.name, node]));
    assert.ok(byName.get('run/w/assign')!.inputs.includes('^run/w/read'));
    assert.ok(byName.get('run/out/y')!.inputs.includes('^run/w/assign'));
  });

  it('shares a compiled function between calls with arguments of the same shapes', () => {
    const square = jit('square', (x) => tf.square(x));
    const { functions, nodes } = recordProgram(
      programOf((x, w) => tf.add(tf.add(square(x)[0]!, square(w)[0]!), square(tf.sum(x))[0]!)),
    );
    assert.deepEqual(
      functions.map(({ name, label }) => [name, label]),
      [
        ['square__float32_2x3', 'square'],
        ['square__float32_', 'square'],
      ],
    );
    assert.equal(nodes.filter(({ op }) => op === 'PartitionedCall').length, 3);
  });

  it('keeps small constants once and large ones of one value as Fill', () => {
    const { nodes } = recordProgram(
      programOf((x) =>
        tf.add(
          tf.add(tf.mul(x, tf.scalar(3)), tf.scalar(3)),
          tf.sum(tf.mul(tf.ones([100, 100]), tf.fill([100, 100], 2))),
        ),
      ),
    );
    const constants = nodes.filter(({ op }) => op === 'Const');
    const threes = constants.filter(({ attributes }) => {
      const value = attributes['value'];
      return value?.kind === 'tensor' && value.value.values[0] === 3;
    });
    assert.equal(threes.length, 1);
    assert.equal(nodes.filter(({ op }) => op === 'Fill').length, 2);
  });

  const large = (): Float32Array => Float32Array.from({ length: 2 ** 20 + 1 }, (_, i) => i);
  const refusals: {
    name: string;
    run: Parameters<typeof programOf>[0];
    code: ErrorCode;
    message: RegExp;
  }[] = [
    {
      name: 'code that reads a value',
      run: (x) => tf.scalar(tf.sum(x).dataSync()[0]!),
      code: 'GRAPH_UNSUPPORTED',
      message: /reads no values, but the value of run\/Sum_1 \[\] was read/,
    },
    {
      name: 'an operator without a shape rule',
      run: (x) => tf.cumsum(x),
      code: 'GRAPH_UNSUPPORTED',
      message: /can be recorded, got Cumsum/,
    },
    {
      name: 'a large constant of different values',
      run: (x) => tf.add(tf.sum(x), tf.sum(tf.tensor1d(large()))),
      code: 'GRAPH_UNSUPPORTED',
      message: /at most 4194304 bytes, got \[1048577\]; pass it as input or state/,
    },
    {
      name: 'a compiled function that uses a tensor from outside it',
      run: (x, w) => jit('outside', (y) => tf.add(y, w))(x)[0]!,
      code: 'GRAPH_UNSUPPORTED',
      message: /use its arguments alone, got run\/w\/read from outside/,
    },
    {
      name: 'a variable that changes its shape',
      run: (x, w) => ({ w: tf.matMul(x, w, false, true) }),
      code: 'SHAPE_MISMATCH',
      message: /variable w: expected float32\[2,3\], got float32\[2,2\]/,
    },
    {
      name: 'shapes that do not fit each other',
      run: (x) => executeRawOp('AddV2', {}, [x, tf.zeros([2])])[0]!,
      code: 'SHAPE_MISMATCH',
      message: /AddV2: expected shapes that broadcast, got \[2,3\] and \[2\]/,
    },
    {
      name: 'a shape that is computed',
      run: (x) => executeRawOp('Reshape', {}, [x, tf.cast(tf.sum(x, 0), 'int32')])[0]!,
      code: 'GRAPH_UNSUPPORTED',
      message: /Reshape: expected a constant, got the computed run\/Cast_1/,
    },
  ];
  for (const { name, run, code, message } of refusals) {
    it(`refuses ${name}, and leaves the backend as it was`, () => {
      const { binding } = nodeBackend();
      const kernel = tf.getKernel('GatherV2', 'tensorflow');
      const before = tensorCounts();
      assert.throws(
        () => recordProgram(programOf(run)),
        (error) => isSegprobeError(error, code) && message.test(error.message),
      );
      assert.equal(nodeBackend().binding, binding);
      assert.equal(tf.getKernel('GatherV2', 'tensorflow'), kernel);
      assert.equal(tensorCounts(), before);
      tf.tidy(() => {
        const square = jit('square', (x) => tf.square(x));
        assert.deepEqual([...square(tf.tensor1d([2, 3]))[0]!.dataSync()], [4, 9]);
        assert.deepEqual(
          [...tf.gather(tf.tensor1d([5, 6]), tf.tensor1d([1], 'int32')).dataSync()],
          [6],
        );
      });
    });
  }

  it('refuses a function without outputs, since nothing would run it', () => {
    const program: Program = {
      state: { w: variable([2], 1) },
      functions: {
        run: {
          inputs: {},
          run: (_inputs, { w }) => ({ outputs: {}, state: { w: tf.add(w!, 1) } }),
        },
      },
    };
    assert.throws(() => recordProgram(program), /expected run to have an output/);
  });

  it('refuses new state for a variable that is not there', () => {
    const program: Program = {
      state: {},
      functions: {
        run: {
          inputs: {},
          run: () => ({ outputs: { y: tf.scalar(1) }, state: { w: tf.scalar(1) } }),
        },
      },
    };
    assert.throws(() => recordProgram(program), /only for known variables, got w/);
  });
});

describe('recordProgram, on another backend,', () => {
  usePortableBackend();

  it('refuses, naming the backend', () => {
    assert.throws(
      () => recordProgram(toyProgram()),
      (error) => isSegprobeError(error, 'BACKEND_UNAVAILABLE') && error.message.endsWith('got cpu'),
    );
  });
});

describe('withoutDeadCode', () => {
  const node = (name: string, ...inputs: string[]): GraphNode => ({
    name,
    op: 'Op',
    inputs,
    attributes: {},
    outputs: [],
  });

  it('keeps what the roots depend on, by value or by order, in its order', () => {
    const nodes = [
      node('a'),
      node('unused', 'a'),
      node('b', 'a:1'),
      node('assign', 'a', '^b'),
      node('root', 'b', '^assign'),
      node('after', 'root'),
    ];
    const names = withoutDeadCode(nodes, ['root', 'b:2']).map(({ name }) => name);
    assert.deepEqual(names, ['a', 'b', 'assign', 'root']);
  });

  it('keeps nothing for no roots', () => {
    assert.deepEqual(withoutDeadCode([node('a')], []), []);
  });
});
