import assert from 'node:assert/strict';
import { beforeConcat } from '../../../src/export/passes/before-concat.js';
import { blockedSums } from '../../../src/export/passes/blocked-sums.js';
import { channelsBySum } from '../../../src/export/passes/channels-by-sum.js';
import { foldBatchNorm } from '../../../src/export/passes/fold-batch-norm.js';
import { foldScale } from '../../../src/export/passes/fold-scale.js';
import { GraphEditor, type Pass } from '../../../src/export/passes/graph-editor.js';
import { halfWeights, toHalf } from '../../../src/export/passes/half-weights.js';
import { leakyRelu } from '../../../src/export/passes/leaky-relu.js';
import { maskUnpool } from '../../../src/export/passes/mask-unpool.js';
import { nameSizes } from '../../../src/export/passes/name-sizes.js';
import { reluOfRelus } from '../../../src/export/passes/relu-of-relus.js';
import { shuffleByTranspose } from '../../../src/export/passes/shuffle-by-transpose.js';
import { shuffle, sinkShuffles } from '../../../src/export/passes/sink-shuffles.js';
import { transposedToPlaces } from '../../../src/export/passes/transposed-to-places.js';
import {
  placeConvolution,
  placeConvolutions,
  transposedToSubpixel,
} from '../../../src/export/passes/transposed-to-subpixel.js';
import { unpoolInPlaces } from '../../../src/export/passes/unpool-in-places.js';
import { makeNode, makeTensor } from '../../../src/shared/onnx/index.js';
import { assertSameFunction, graphOf, operatorsOf, randomValues } from './run-graph.js';

const ROUNDING = 1e-6;
const filter = (shape: readonly number[], seed: number) => ({
  shape,
  values: randomValues(
    shape.reduce((a, b) => a * b),
    seed,
  ),
});
const vector = (values: readonly number[]) => ({
  shape: [values.length],
  values: Float32Array.from(values),
});
const statistics = {
  gamma: vector([1.5, -0.5, 2]),
  beta: vector([0.1, -0.2, 0.3]),
  mean: vector([0.4, 0.5, -0.6]),
  variance: vector([0.7, 1.8, 0.09]),
};
const batchNorm = (from: string, to: string) =>
  makeNode('BatchNormalization', [from, 'gamma', 'beta', 'mean', 'variance'], [to], {
    epsilon: { float: 1e-5 },
  });

describe('foldBatchNorm', () => {
  for (const { what, op, shape } of [
    { what: 'a convolution', op: 'Conv', shape: [3, 2, 3, 3] },
    { what: 'a transposed convolution', op: 'ConvTranspose', shape: [2, 3, 3, 3] },
  ]) {
    for (const bias of [[], ['bias']]) {
      it(`folds it into ${what} with${bias.length > 0 ? '' : 'out'} a bias`, async () => {
        const graph = graphOf([makeNode(op, ['x', 'w', ...bias], ['h']), batchNorm('h', 'y')], 2, {
          w: filter(shape, 1),
          ...statistics,
          bias: vector([1, 2, 3]),
        });
        const folded = await assertSameFunction(graph, foldBatchNorm, [2, 2, 7, 6], {
          tolerance: ROUNDING,
        });
        assert.deepEqual(operatorsOf(folded), [op]);
      });
    }
  }

  it('leaves it where something else reads the convolution too', async () => {
    const graph = graphOf(
      [
        makeNode('Conv', ['x', 'w'], ['h']),
        batchNorm('h', 'n'),
        makeNode('Add', ['h', 'n'], ['y']),
      ],
      2,
      { w: filter([3, 2, 1, 1], 2), ...statistics },
    );
    const tolerance = ROUNDING; // ONNX Runtime folds it by itself.
    const same = await assertSameFunction(graph, foldBatchNorm, [1, 2, 4, 4], { tolerance });
    assert.deepEqual(operatorsOf(same), ['Conv', 'BatchNormalization', 'Add']);
  });
});

describe('leakyRelu', () => {
  for (const slope of [0.25, 0, -0.5, 1.5]) {
    it(`is PRelu with one slope of ${slope}, to the bit`, async () => {
      const graph = graphOf([makeNode('PRelu', ['x', 'slope'], ['y'])], 3, {
        slope: vector([slope]),
      });
      const leaky = await assertSameFunction(graph, leakyRelu, [2, 3, 5, 4]);
      assert.deepEqual(operatorsOf(leaky), ['LeakyRelu']);
    });
  }

  it('leaves a PRelu with a slope for each channel', async () => {
    const slope = { shape: [3, 1, 1], values: Float32Array.of(0.1, 0.2, 0.3) };
    const graph = graphOf([makeNode('PRelu', ['x', 'slope'], ['y'])], 3, { slope });
    assert.deepEqual(operatorsOf(await assertSameFunction(graph, leakyRelu, [1, 3, 2, 2])), [
      'PRelu',
    ]);
  });
});

for (const { name, pass } of [
  { name: 'maskUnpool', pass: maskUnpool },
  { name: 'unpoolInPlaces', pass: unpoolInPlaces },
]) {
  describe(name, () => {
    const halving = { kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] } };
    const graph = graphOf(
      [
        makeNode('MaxPool', ['x'], ['pooled', 'indices'], halving),
        makeNode('Mul', ['pooled', 'two'], ['values']),
        makeNode('MaxUnpool', ['values', 'indices'], ['y'], halving),
      ],
      3,
      { two: { shape: [], values: Float32Array.of(2) } },
    );

    it('puts each value where its maximum was, to the bit', async () => {
      const masked = await assertSameFunction(graph, pass, [2, 3, 8, 6]);
      assert.ok(!operatorsOf(masked).includes('MaxUnpool'));
      const pooling = masked.node.find(({ opType }) => opType === 'MaxPool');
      assert.deepEqual(pooling?.output, ['pooled']);
    });

    it('puts it at the first of equal maxima, whichever of the four places they are', async () => {
      // All 16 patterns of a square of zeros and ones, then all equal.
      const values = new Float32Array(3 * 2 * 34);
      for (let c = 0; c < 3; c++)
        for (let pattern = 0; pattern < 16; pattern++)
          for (let place = 0; place < 4; place++) {
            const [row, column] = [place >> 1, 2 * pattern + (place & 1)];
            values[(c * 2 + row) * 34 + column] = (pattern >> place) & 1;
          }
      await assertSameFunction(graph, pass, [1, 3, 2, 34], { values });
    });

    it('keeps negative maxima and zeros apart', async () => {
      const values = Float32Array.from({ length: 48 }, (_, i) => [-1, 0, -0, -2][i % 4]!);
      await assertSameFunction(graph, pass, [1, 3, 4, 4], { values });
    });

    it('tells the least of differences from none', async () => {
      const next = 1 + 2 ** -23; // The float32 after 1.
      const values = Float32Array.from({ length: 48 }, (_, i) => [1, next, next, 1, next][i % 5]!);
      await assertSameFunction(graph, pass, [1, 3, 4, 4], { values });
    });

    it('leaves an unpooling of other windows', () => {
      const windows = { kernel_shape: { ints: [3, 3] }, strides: { ints: [3, 3] } };
      const other = graphOf(
        [
          makeNode('MaxPool', ['x'], ['pooled', 'indices'], windows),
          makeNode('MaxUnpool', ['pooled', 'indices'], ['y'], windows),
        ],
        3,
      );
      assert.deepEqual(operatorsOf(pass(other)), ['MaxPool', 'MaxUnpool']);
    });
  });
}

/** A transposed convolution of stride 2 over four channels. */
const transposed = (kernel: number, pads: number[], bias: readonly string[]) =>
  graphOf(
    [
      makeNode('ConvTranspose', ['x', 'w', ...bias], ['y'], {
        kernel_shape: { ints: [kernel, kernel] },
        strides: { ints: [2, 2] },
        pads: { ints: pads },
      }),
    ],
    4,
    { w: filter([4, 3, kernel, kernel], 3), bias: vector([1, -2, 3]) },
  );

describe('transposedToSubpixel', () => {
  for (const bias of [[], ['bias']]) {
    it(`makes 2×2 a convolution at half the size, with${bias.length > 0 ? '' : 'out'} a bias`, async () => {
      const graph = transposed(2, [0, 0, 0, 0], bias);
      for (const shape of [
        [2, 4, 5, 3],
        [1, 4, 1, 1],
      ] as const) {
        const own = await assertSameFunction(graph, transposedToSubpixel, shape, {
          tolerance: ROUNDING,
        });
        assert.deepEqual(operatorsOf(own), ['Conv', 'DepthToSpace']);
      }
    });
  }

  it('leaves 3×3, whose places read several numbers, and what does not double the size', () => {
    for (const graph of [transposed(3, [1, 1, 0, 0], []), transposed(3, [0, 0, 0, 0], [])]) {
      assert.deepEqual(operatorsOf(transposedToSubpixel(graph)), ['ConvTranspose']);
    }
  });
});

describe('transposedToPlaces', () => {
  it('makes 3×3 four convolutions at half the size, in the middle of a graph as at its end', async () => {
    const graph = transposed(3, [1, 1, 0, 0], ['bias']);
    for (const shape of [
      [2, 4, 5, 3],
      [1, 4, 1, 1],
    ] as const) {
      const own = await assertSameFunction(graph, transposedToPlaces, shape, {
        tolerance: ROUNDING,
      });
      const convolutions = Array.from({ length: 4 }, () => 'Conv');
      assert.deepEqual(operatorsOf(own), [...convolutions, 'Concat', 'DepthToSpace']);
    }
  });

  it('leaves 2×2, whose columns do not overlap, and what does not double the size', () => {
    for (const graph of [transposed(2, [0, 0, 0, 0], []), transposed(3, [0, 0, 0, 0], [])]) {
      assert.deepEqual(operatorsOf(transposedToPlaces(graph)), ['ConvTranspose']);
    }
  });
});

describe('placeConvolutions', () => {
  for (const { kernel, pads } of [
    { kernel: 2, pads: [0, 0, 0, 0] },
    { kernel: 3, pads: [1, 1, 0, 0] },
  ]) {
    for (const bias of [[], ['bias']]) {
      it(`makes the places of ${kernel}×${kernel} one by one, with${bias.length > 0 ? '' : 'out'} a bias`, async () => {
        const laidOut: Pass = (graph) => {
          const editor = new GraphEditor(graph);
          const end = editor.producer('y')!;
          const places = placeConvolutions(editor, end);
          const names = places.map(({ output }) => output[0]!);
          const joined = makeNode('Concat', names, ['joined'], { axis: { int: 1 } });
          editor.replace([end], [...places, joined, shuffle('joined', 'y')]);
          return editor.finish();
        };
        const graph = transposed(kernel, pads, bias);
        await assertSameFunction(graph, laidOut, [2, 4, 5, 3], { tolerance: ROUNDING });
      });
    }
  }
});

describe('placeConvolution', () => {
  for (const { kernel, pads } of [
    { kernel: 2, pads: [0, 0, 0, 0] },
    { kernel: 3, pads: [1, 1, 0, 0] },
  ]) {
    for (const bias of [[], ['bias']]) {
      it(`makes all places of ${kernel}×${kernel} at once, with${bias.length > 0 ? '' : 'out'} a bias`, async () => {
        const laidOut: Pass = (graph) => {
          const editor = new GraphEditor(graph);
          const end = editor.producer('y')!;
          const places = placeConvolution(editor, end);
          const squares = makeNode('DepthToSpace', places.output, ['y'], {
            blocksize: { int: 2 },
            mode: { string: 'CRD' }, // Channel by channel, its four places.
          });
          editor.replace([end], [places, squares]);
          return editor.finish();
        };
        const graph = transposed(kernel, pads, bias);
        for (const shape of [
          [2, 4, 5, 3],
          [1, 4, 1, 1],
        ] as const) {
          await assertSameFunction(graph, laidOut, shape, { tolerance: ROUNDING });
        }
      });
    }
  }
});

/** As ENet begins: 13 channels of a convolution, 3 of a pooling, normalised and activated together. */
const joinedParts = (activation: 'PRelu' | 'Relu') =>
  graphOf(
    [
      makeNode('Conv', ['x', 'w'], ['c'], {
        kernel_shape: { ints: [3, 3] },
        strides: { ints: [2, 2] },
        pads: { ints: [1, 1, 1, 1] },
      }),
      makeNode('MaxPool', ['x'], ['p'], {
        kernel_shape: { ints: [3, 3] },
        strides: { ints: [2, 2] },
        pads: { ints: [1, 1, 1, 1] },
      }),
      makeNode('Concat', ['c', 'p'], ['j'], { axis: { int: 1 } }),
      batchNorm('j', 'n'),
      makeNode(activation, activation === 'PRelu' ? ['n', 'slope'] : ['n'], ['y']),
    ],
    3,
    {
      w: filter([13, 3, 3, 3], 11),
      gamma: filter([16], 12),
      beta: filter([16], 13),
      mean: filter([16], 14),
      variance: { shape: [16], values: filter([16], 15).values.map((value) => value ** 2 + 0.1) },
      slope: { shape: [1, 1, 1], values: Float32Array.of(0.25) },
    },
  );

describe('beforeConcat', () => {
  for (const activation of ['PRelu', 'Relu'] as const) {
    it(`normalises and activates each part by itself, with ${activation}`, async () => {
      const tolerance = ROUNDING; // ONNX Runtime folds by itself.
      const parts = await assertSameFunction(joinedParts(activation), beforeConcat, [2, 3, 8, 6], {
        tolerance,
      });
      const operators = operatorsOf(parts);
      assert.equal(operators.at(-1), 'Concat');
      assert.equal(operators.filter((op) => op === 'BatchNormalization').length, 2);
    });
  }

  it('gives each part its own slopes', async () => {
    const nodes = [
      makeNode('Neg', ['x'], ['n']),
      makeNode('Concat', ['x', 'n'], ['j'], { axis: { int: 1 } }),
      makeNode('PRelu', ['j', 'slope'], ['y']),
    ];
    const slope = { shape: [4, 1, 1], values: Float32Array.of(0.1, 0.2, 0.3, 0.4) };
    const graph = graphOf(nodes, 2, { slope });
    // How many channels Neg has is not known to the pass: nothing changes.
    assert.deepEqual(operatorsOf(beforeConcat(graph)), ['Neg', 'Concat', 'PRelu']);
    const known = graphOf([makeNode('Relu', ['x'], ['n']), ...nodes.slice(1)], 2, { slope });
    const parts = await assertSameFunction(known, beforeConcat, [1, 2, 3, 3]);
    assert.deepEqual(operatorsOf(parts), ['Relu', 'PRelu', 'PRelu', 'Concat']);
  });

  it('leaves what stands behind a Concat that something else reads', () => {
    const graph = graphOf(
      [
        makeNode('Concat', ['x', 'x'], ['j'], { axis: { int: 1 } }),
        makeNode('Relu', ['j'], ['r']),
        makeNode('Add', ['j', 'r'], ['y']),
      ],
      2,
    );
    assert.deepEqual(operatorsOf(beforeConcat(graph)), ['Concat', 'Relu', 'Add']);
  });
});

describe('channelsBySum', () => {
  it('joins parts that are no whole blocks by a sum', async () => {
    const before = foldBatchNorm(leakyRelu(beforeConcat(joinedParts('PRelu'))));
    const joined = await assertSameFunction(before, channelsBySum, [2, 3, 8, 6], {
      tolerance: ROUNDING,
    });
    assert.deepEqual(
      [operatorsOf(before).at(-1), operatorsOf(joined).slice(-2)],
      ['Concat', ['Conv', 'Add']],
    );
  });

  it('fills channels up with zeros, to the bit', async () => {
    const graph = graphOf([makeNode('Pad', ['x', 'pads'], ['y'])], 5);
    const pads = makeTensor(
      'pads',
      'int64',
      [8],
      BigInt64Array.from([0, 0, 0, 0, 0, 11, 0, 0], BigInt),
    );
    const padded = { ...graph, initializer: [pads] };
    const filled = await assertSameFunction(padded, channelsBySum, [2, 5, 4, 3]);
    assert.deepEqual(operatorsOf(filled), ['Conv']);
  });

  it('leaves whole blocks, and a Pad of rows', () => {
    const blocks = graphOf(
      [
        makeNode('Conv', ['x', 'w'], ['c']),
        makeNode('Concat', ['c', 'x'], ['y'], { axis: { int: 1 } }),
      ],
      16,
      { w: filter([16, 16, 1, 1], 2) },
    );
    assert.deepEqual(operatorsOf(channelsBySum(blocks)), ['Conv', 'Concat']);
    const rows = makeTensor(
      'pads',
      'int64',
      [8],
      BigInt64Array.from([0, 0, 1, 0, 0, 0, 0, 0], BigInt),
    );
    const graph = { ...graphOf([makeNode('Pad', ['x', 'pads'], ['y'])], 5), initializer: [rows] };
    assert.deepEqual(operatorsOf(channelsBySum(graph)), ['Pad']);
  });
});

describe('foldScale', () => {
  const scaled = (factor: number, ...readers: ReturnType<typeof makeNode>[]) =>
    graphOf([makeNode('Mul', ['x', 'factor'], ['s']), ...readers], 3, {
      factor: { shape: [], values: Float32Array.of(factor) },
      w: filter([3, 3, 1, 1], 4),
      ...statistics,
    });
  const pool = makeNode('MaxPool', ['s'], ['p'], { kernel_shape: { ints: [1, 1] } });

  it('folds it into convolutions, and through pooling into a batch normalisation', async () => {
    const graph = scaled(
      1 / 255,
      makeNode('Conv', ['s', 'w'], ['c']),
      pool,
      batchNorm('p', 'n'),
      makeNode('Add', ['c', 'n'], ['y']),
    );
    const values = randomValues(3 * 20, 5).map((value) => Math.round(255 * Math.abs(value)));
    const folded = await assertSameFunction(graph, foldScale, [1, 3, 4, 5], {
      tolerance: ROUNDING,
      values,
    });
    assert.ok(!operatorsOf(folded).includes('Mul'));
  });

  it('leaves it where something else reads it, and one that turns maxima into minima', () => {
    const other = scaled(1 / 255, makeNode('Neg', ['s'], ['y']));
    assert.deepEqual(operatorsOf(foldScale(other)), ['Mul', 'Neg']);
    const negative = scaled(-1, pool, makeNode('Conv', ['p', 'w'], ['y']));
    assert.deepEqual(operatorsOf(foldScale(negative)), ['Mul', 'MaxPool', 'Conv']);
  });
});

describe('halfWeights', () => {
  const fromHalf = (bits: number): number => {
    const [sign, exponent, fraction] = [bits >> 15, (bits >> 10) & 31, bits & 1023];
    const size = exponent === 0 ? fraction / 1024 : 1 + fraction / 1024;
    return (sign ? -1 : 1) * size * 2 ** (Math.max(exponent, 1) - 15);
  };

  it('rounds to the nearest of all float16, the even one of two', () => {
    for (let bits = 0; bits < 0x7bff; bits++) {
      const [own, next] = [fromHalf(bits), fromHalf(bits + 1)];
      assert.equal(toHalf(own), bits);
      assert.equal(toHalf(-own), bits + 0x8000 * Number(own !== 0 || Object.is(-own, -0)));
      const middle = (own + next) / 2;
      assert.equal(toHalf(middle), bits % 2 === 0 ? bits : bits + 1);
      assert.equal(toHalf(middle - (next - own) / 1024), bits);
      assert.equal(toHalf(middle + (next - own) / 1024), bits + 1);
    }
    assert.equal(toHalf(65504), 0x7bff);
  });

  it('stores weights in half the bytes, and makes float32 of them again', async () => {
    const w = filter([8, 4, 3, 3], 1);
    const graph = graphOf([makeNode('Conv', ['x', 'w', 'b'], ['y'])], 4, {
      w,
      b: vector([1, 2, 3, 4, 5, 6, 7, 8]),
    });
    const half = await assertSameFunction(graph, halfWeights, [1, 4, 6, 5], { tolerance: 2e-3 });
    assert.deepEqual(operatorsOf(half), ['Cast', 'Conv']);
    assert.deepEqual(
      half.initializer.map(({ name, rawData }) => [name, rawData!.length]),
      [
        ['b', 32],
        ['w.half', 2 * w.values.length],
      ],
    );
  });

  it('leaves weights that float16 cannot hold', () => {
    for (const value of [1e5, NaN, -Infinity]) {
      const w = { shape: [8, 8, 1, 1], values: new Float32Array(64).fill(value) };
      const graph = graphOf([makeNode('Conv', ['x', 'w'], ['y'])], 8, { w });
      assert.deepEqual(operatorsOf(halfWeights(graph)), ['Conv']);
    }
  });
});

describe('reluOfRelus', () => {
  it('drops a Relu of a sum of Relus, to the bit', async () => {
    const graph = graphOf(
      [
        makeNode('Relu', ['x'], ['a']),
        makeNode('MaxPool', ['a'], ['b'], { kernel_shape: { ints: [1, 1] } }),
        makeNode('Add', ['a', 'b'], ['s']),
        makeNode('Relu', ['s'], ['r']),
        makeNode('Mul', ['r', 'r'], ['y']),
      ],
      2,
    );
    const fewer = await assertSameFunction(graph, reluOfRelus, [1, 2, 4, 3]);
    assert.deepEqual(operatorsOf(fewer), ['Relu', 'MaxPool', 'Add', 'Mul']);
  });

  it('leaves one whose sum has a part that may be negative, and one that is the output', () => {
    const nodes = [makeNode('Relu', ['x'], ['a']), makeNode('Add', ['a', 'x'], ['s'])];
    const mixed = graphOf(
      [...nodes, makeNode('Relu', ['s'], ['r']), makeNode('Neg', ['r'], ['y'])],
      2,
    );
    assert.equal(operatorsOf(reluOfRelus(mixed)).filter((op) => op === 'Relu').length, 2);
    const last = graphOf([makeNode('Relu', ['x'], ['a']), makeNode('Relu', ['a'], ['y'])], 2);
    assert.deepEqual(operatorsOf(reluOfRelus(last)), ['Relu', 'Relu']);
  });
});

describe('sinkShuffles', () => {
  const one = { kernel_shape: { ints: [1, 1] } };
  const wide = { kernel_shape: { ints: [3, 3] }, pads: { ints: [1, 1, 1, 1] } };

  it('computes activations, sums and convolutions before the shuffle', async () => {
    const graph = graphOf(
      [
        shuffle('x', 'a'), // 16 channels to 4
        makeNode('Conv', ['a', 'w1', 'b1'], ['h'], one),
        makeNode('LeakyRelu', ['h'], ['l'], { alpha: { float: 0.25 } }),
        makeNode('Conv', ['l', 'w2'], ['m'], wide),
        makeNode('Relu', ['m'], ['r']),
        makeNode('Add', ['a', 'r'], ['y']),
      ],
      16,
      { w1: filter([4, 4, 1, 1], 1), b1: vector([1, 2, 3, 4]), w2: filter([4, 4, 3, 3], 2) },
    );
    const sunk = await assertSameFunction(graph, sinkShuffles, [2, 16, 5, 3], {
      tolerance: ROUNDING,
    });
    assert.deepEqual(operatorsOf(sunk), [
      ...['Conv', 'LeakyRelu', 'Conv', 'Relu', 'Add', 'DepthToSpace'],
    ]);
  });

  it('takes whole blocks of channels in groups', async () => {
    const graph = graphOf([shuffle('x', 'a'), makeNode('Conv', ['a', 'w'], ['y'], one)], 64, {
      w: filter([16, 16, 1, 1], 3),
    });
    const sunk = await assertSameFunction(graph, sinkShuffles, [1, 64, 4, 2], {
      tolerance: ROUNDING,
    });
    assert.deepEqual(operatorsOf(sunk), ['Conv', 'DepthToSpace']);
  });

  it('leaves what would cost more: strides, wide filters of many channels, what is laid out anyway', () => {
    const halved = { ...one, strides: { ints: [2, 2] } };
    for (const nodes of [
      [shuffle('x', 'a'), makeNode('Conv', ['a', 'w'], ['y'], halved)],
      [shuffle('x', 'a'), makeNode('Conv', ['a', 'v'], ['y'], wide)],
      [
        shuffle('x', 'a'),
        makeNode('Relu', ['a'], ['r']),
        makeNode('Softmax', ['a'], ['q']),
        makeNode('Add', ['r', 'q'], ['y']),
      ],
    ]) {
      const graph = graphOf(nodes, 64, {
        w: filter([4, 16, 1, 1], 1),
        v: filter([8, 16, 3, 3], 1),
      });
      assert.deepEqual(operatorsOf(sinkShuffles(graph)), operatorsOf(graph));
    }
  });
});

describe('shuffleByTranspose', () => {
  it('moves the numbers that DepthToSpace moves, to where it does', async () => {
    // Channels are known behind a convolution.
    const nodes = [
      makeNode('Conv', ['x', 'w'], ['h'], { kernel_shape: { ints: [1, 1] } }),
      shuffle('h', 's'),
    ];
    for (const end of [makeNode('Relu', ['s'], ['y']), makeNode('Add', ['s', 's'], ['y'])]) {
      const graph = graphOf([...nodes, end], 2, { w: filter([12, 2, 1, 1], 5) });
      const moved = await assertSameFunction(graph, shuffleByTranspose, [2, 2, 5, 3], {
        tolerance: ROUNDING,
      });
      assert.ok(!operatorsOf(moved).includes('DepthToSpace'));
    }
  });
});

describe('nameSizes', () => {
  it('writes down true sizes, and changes no node', async () => {
    const graph = graphOf(
      [
        makeNode('Conv', ['x', 'w'], ['half'], {
          ...{ kernel_shape: { ints: [3, 3] }, strides: { ints: [2, 2] } },
          pads: { ints: [1, 1, 1, 1] },
        }),
        makeNode('MaxPool', ['half'], ['quarter'], {
          ...{ kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] } },
        }),
        makeNode('Conv', ['quarter', 'd'], ['dilated'], {
          ...{ kernel_shape: { ints: [3, 3] }, dilations: { ints: [4, 4] } },
          pads: { ints: [4, 4, 4, 4] },
        }),
        shuffle('dilated', 'again'),
        makeNode('Conv', ['again', 'w'], ['y'], { kernel_shape: { ints: [3, 3] } }),
      ],
      2,
      { w: filter([2, 2, 3, 3], 6), d: filter([8, 2, 3, 3], 7) },
    );
    const named = await assertSameFunction(graph, nameSizes, [1, 2, 16, 24], {
      tolerance: ROUNDING,
    });
    assert.deepEqual(named.node, graph.node);
    const sizes = named.valueInfo.map(({ name, type }) => [
      name,
      ...type!.tensorType!.shape!.dim.map(({ dimValue, dimParam }) => dimValue ?? dimParam),
    ]);
    assert.deepEqual(sizes, [
      ['half', 'N', 2, 'H/2', 'W/2'],
      ['quarter', 'N', 2, 'H/4', 'W/4'],
      ['dilated', 'N', 8, 'H/4', 'W/4'],
      ['again', 'N', 2, 'H/2', 'W/2'],
    ]);
  });
});

describe('nameSizes of a padded map', () => {
  for (const { what, pads, sizes } of [
    { what: 'channels', pads: [0, 0, 0, 0, 0, 2, 0, 0], sizes: ['h', 'p'] },
    { what: 'rows', pads: [0, 0, 1, 0, 0, 0, 1, 0], sizes: ['h'] },
  ]) {
    it(`${sizes.includes('p') ? 'is as large as before' : 'is not said'} where ${what} are added`, async () => {
      const graph = graphOf(
        [
          makeNode('Conv', ['x', 'w'], ['h'], { kernel_shape: { ints: [1, 1] } }),
          makeNode('Pad', ['h', 'pads'], ['p']),
          makeNode('Relu', ['p'], ['y']),
        ],
        2,
        { w: filter([2, 2, 1, 1], 8) },
      );
      const data = BigInt64Array.from(pads, BigInt);
      const initializer = [...graph.initializer, makeTensor('pads', 'int64', [8], data)];
      const named = await assertSameFunction({ ...graph, initializer }, nameSizes, [1, 2, 8, 8], {
        tolerance: ROUNDING,
      });
      assert.deepEqual(
        named.valueInfo.map(({ name }) => name),
        sizes,
      );
    });
  }
});

describe('blockedSums', () => {
  it('takes the activation of a sum into a convolution, to the bit', async () => {
    const graph = graphOf(
      [
        makeNode('Conv', ['x', 'w'], ['h']),
        makeNode('Add', ['x', 'h'], ['s']),
        makeNode('LeakyRelu', ['s'], ['y'], { alpha: { float: 0.25 } }),
      ],
      16,
      { w: filter([16, 16, 1, 1], 4) },
    );
    const blocked = await assertSameFunction(graph, blockedSums, [2, 16, 6, 5], {
      tolerance: ROUNDING,
    });
    assert.deepEqual(operatorsOf(blocked), ['Conv', 'Add', 'Conv', 'LeakyRelu']);
  });
});
