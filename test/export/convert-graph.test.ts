import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import type { Program } from '../../src/graph/program.js';
import { jit } from '../../src/graph/recorder.js';
import { prelu, relu } from '../../src/train/kernels/activations.js';
import { conv2d } from '../../src/train/kernels/conv2d.js';
import { maxPoolWithIndices } from '../../src/train/kernels/max-pool.js';
import { maxUnpool } from '../../src/train/kernels/max-unpool.js';
import { isSegprobeError } from '../../src/shared/errors.js';
import { randomArray, useNativeTensorFlow } from '../support/tensorflow.js';
import {
  assertConverts,
  assertUnsupported,
  convertPiece,
  convertProgram,
  type Piece,
} from './converted.js';

const SHAPE = [1, 4, 6, 3] as const;
const SAME = { strides: [1, 1], padding: [1, 1], dilations: [1, 1] } as const;
const X = { dtype: 'float32', shape: SHAPE } as const;

describe('convertGraph', () => {
  useNativeTensorFlow();

  it('calls nodes after the layer whose weight they use, else after their operator, numbered from the second on', async () => {
    const piece: Piece = {
      state: {
        'block.0.weight': randomArray([3, 3, 3, 3], 1),
        'block.1.weight': randomArray([1], 2),
        flat: randomArray([3, 3, 3, 3], 3),
      },
      run: (x, state) => {
        const y = conv2d(x, state['block.0.weight'] as tf.Tensor4D, SAME);
        const z = prelu(relu(y), state['block.1.weight']!);
        const w = conv2d(z, state['flat'] as tf.Tensor4D, SAME);
        return relu(tf.add(w, conv2d(w, state['block.0.weight'] as tf.Tensor4D, SAME)));
      },
    };
    const graph = await assertConverts(piece, [SHAPE]);
    assert.deepEqual(
      graph.node.map(({ name, input, output }) => [name, input, output]),
      [
        ['block.0', ['x', 'block.0.weight'], ['block.0']],
        ['Relu', ['block.0'], ['Relu']],
        ['block.1', ['Relu', 'block.1.weight'], ['block.1']],
        ['Conv', ['block.1', 'flat'], ['Conv']],
        ['block.0_2', ['Conv', 'block.0.weight'], ['block.0_2']],
        ['Add', ['Conv', 'block.0_2'], ['Add']],
        ['Relu_2', ['Add'], ['y']],
      ],
    );
    // A weight that two layers share is there once.
    assert.deepEqual(
      graph.initializer.map(({ name }) => name),
      ['block.0.weight', 'block.1.weight', 'flat'],
    );
  });

  it('gives two forms of one weight a name each', () => {
    const piece: Piece = {
      state: { 'a.weight': randomArray([1], 1) },
      run: (x, state) => {
        const one = state['a.weight']!;
        const filter = tf.reshape<tf.Rank.R4>(one, [1, 1, 1, 1]);
        return conv2d(prelu(x, one), filter, { ...SAME, padding: [0, 0] });
      },
    };
    const graph = convertPiece(piece, [1, 4, 6, 1]);
    assert.deepEqual(
      graph.initializer.map(({ name, dims }) => [name, dims]),
      [
        ['a.weight', [1, 1, 1]],
        ['a.weight_2', [1, 1, 1, 1]],
      ],
    );
  });

  it('has no name twice, and none of TensorFlow’s', () => {
    const piece: Piece = {
      run: (x) => {
        const { value, indices } = maxPoolWithIndices(x);
        return tf.pad(maxUnpool(value, indices), [
          [0, 0],
          [1, 1],
          [0, 0],
          [0, 0],
        ]);
      },
    };
    const graph = convertPiece(piece, SHAPE);
    const names = [
      ...graph.input.map(({ name }) => name),
      ...graph.initializer.map(({ name }) => name!),
      ...graph.node.flatMap(({ output }) => output),
    ];
    assert.deepEqual(names, [
      'x',
      'Pad.pads',
      'Pad.value',
      'MaxPool',
      'MaxPool_output_1',
      'MaxUnpool',
      'y',
    ]);
  });

  it('leaves out what the output does not depend on', () => {
    const program: Program = {
      state: {},
      functions: {
        run: {
          inputs: { x: X },
          run: ({ x }) => ({ outputs: { y: tf.relu(x!), z: tf.softmax(x!) } }),
        },
      },
    };
    assert.deepEqual(
      convertProgram(program).node.map(({ opType }) => opType),
      ['Relu'],
    );
  });

  it('calls no node as the input or the output', async () => {
    const piece: Piece = {
      state: { 'x.weight': randomArray([1], 1), 'y.weight': randomArray([1], 2) },
      run: (x, state) => relu(prelu(prelu(x, state['x.weight']!), state['y.weight']!)),
    };
    const graph = await assertConverts(piece, [SHAPE]);
    assert.deepEqual(
      graph.node.map(({ input, output }) => [input[0], ...output]),
      [
        ['x', 'x_2'],
        ['x_2', 'y_2'],
        ['y_2', 'y'],
      ],
    );
  });

  it('copies the input where it is the output', async () => {
    const graph = await assertConverts({ run: (x) => x }, [SHAPE]);
    assert.deepEqual(
      graph.node.map(({ opType, input, output }) => [opType, ...input, ...output]),
      [['Identity', 'x', 'y']],
    );
  });

  it('describes input and output as told', () => {
    const { name, input, output } = convertPiece({ run: relu }, SHAPE);
    const describe = (dims: string[]) => ({
      tensorType: { elemType: 1, shape: { dim: dims.map((dimParam) => ({ dimParam })) } },
    });
    assert.deepEqual(
      [name, input, output],
      [
        'piece',
        [{ name: 'x', type: describe(['N', 'C', 'H', 'W']) }],
        [{ name: 'y', type: describe(['M', 'K', 'I', 'J']) }],
      ],
    );
  });

  it('refuses an operator without a converter, with its node and those that have one', () => {
    assertUnsupported(
      { run: (x) => tf.softmax(relu(x)) },
      SHAPE,
      /^expected an operator of Add, AddV2, BiasAdd, ConcatV2, Const, .*, SplitV, got Softmax \(run\/Softmax_1\)$/,
    );
  });

  it('refuses a compiled function without a converter, with its node and those that have one', () => {
    const swish = jit('swish', (x) => tf.mul(x, tf.sigmoid(x)));
    assertUnsupported(
      { run: (x) => swish(x)[0]! },
      SHAPE,
      /^expected a compiled function of addWithinL2, addWithinLinf, .*, unpadIndices, got swish \(run\/PartitionedCall_1\)$/,
    );
  });

  for (const { name, run } of [
    { name: 'a constant', run: () => tf.ones([1, 2, 2, 1]) },
    { name: 'a variable', run: (_x: tf.Tensor, { v }: { v: tf.Tensor }) => v },
  ]) {
    it(`refuses ${name} as the output`, () => {
      const piece: Piece = {
        state: { v: randomArray([1, 2, 2, 1], 1) },
        run: run as unknown as Piece['run'],
      };
      assertUnsupported(piece, SHAPE, /^expected y to depend on x, got a constant$/);
    });
  }

  it('refuses another input', () => {
    const program: Program = {
      state: {},
      functions: {
        run: {
          inputs: { x: X, mask: X },
          run: ({ x, mask }) => ({ outputs: { y: tf.add(x!, mask!) } }),
        },
      },
    };
    assert.throws(
      () => convertProgram(program),
      (error) =>
        isSegprobeError(error, 'EXPORT_UNSUPPORTED') &&
        error.message === 'Placeholder (run/mask): expected no input but x',
    );
  });

  it('refuses a function that changes a variable', () => {
    const program: Program = {
      state: { v: { dtype: 'float32', shape: SHAPE, values: new Float32Array(72) } },
      functions: {
        run: {
          inputs: { x: X },
          run: ({ x }) => ({ outputs: { y: tf.relu(x!) }, state: { v: x! } }),
        },
      },
    };
    assert.throws(
      () => convertProgram(program),
      (error) =>
        isSegprobeError(error, 'EXPORT_UNSUPPORTED') &&
        error.message.endsWith('got AssignVariableOp (run/v/assign)'),
    );
  });
});
