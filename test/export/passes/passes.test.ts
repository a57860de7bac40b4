import assert from 'node:assert/strict';
import { blockedSums } from '../../../src/export/passes/blocked-sums.js';
import { foldBatchNorm } from '../../../src/export/passes/fold-batch-norm.js';
import { leakyRelu } from '../../../src/export/passes/leaky-relu.js';
import { maskUnpool } from '../../../src/export/passes/mask-unpool.js';
import { transposedToSubpixel } from '../../../src/export/passes/transposed-to-subpixel.js';
import { makeNode } from '../../../src/shared/onnx/index.js';
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

describe('maskUnpool', () => {
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
    const masked = await assertSameFunction(graph, maskUnpool, [2, 3, 8, 6]);
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
    await assertSameFunction(graph, maskUnpool, [1, 3, 2, 34], { values });
  });

  it('keeps negative maxima and zeros apart', async () => {
    const values = Float32Array.from({ length: 48 }, (_, i) => [-1, 0, -0, -2][i % 4]!);
    await assertSameFunction(graph, maskUnpool, [1, 3, 4, 4], { values });
  });
});

describe('transposedToSubpixel', () => {
  for (const { kernel, pads } of [
    { kernel: 2, pads: [0, 0, 0, 0] },
    { kernel: 3, pads: [1, 1, 0, 0] },
  ]) {
    for (const bias of [[], ['bias']]) {
      it(`makes ${kernel}×${kernel} a convolution at half the size, with${bias.length > 0 ? '' : 'out'} a bias`, async () => {
        const attributes = {
          kernel_shape: { ints: [kernel, kernel] },
          strides: { ints: [2, 2] },
          pads: { ints: pads },
        };
        const graph = graphOf(
          [makeNode('ConvTranspose', ['x', 'w', ...bias], ['y'], attributes)],
          4,
          {
            w: filter([4, 3, kernel, kernel], 3),
            bias: vector([1, -2, 3]),
          },
        );
        for (const shape of [
          [2, 4, 5, 3],
          [1, 4, 1, 1],
        ] as const) {
          const own = await assertSameFunction(graph, (g) => transposedToSubpixel(g, 'y'), shape, {
            tolerance: ROUNDING,
          });
          assert.deepEqual(operatorsOf(own), ['Conv', 'DepthToSpace']);
        }
      });
    }
  }

  it('leaves one that does not double the size', () => {
    const attributes = { strides: { ints: [2, 2] }, kernel_shape: { ints: [3, 3] } };
    const graph = graphOf([makeNode('ConvTranspose', ['x', 'w'], ['y'], attributes)], 4, {
      w: filter([4, 3, 3, 3], 3),
    });
    assert.equal(transposedToSubpixel(graph, 'y'), graph);
  });
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
