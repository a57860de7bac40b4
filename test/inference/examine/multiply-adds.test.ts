import assert from 'node:assert/strict';
import { multiplyAddsOf } from '../../../src/inference/examine/multiply-adds.js';

describe('multiplyAddsOf', () => {
  for (const { name, opType, inputShapes, output, expected } of [
    {
      name: 'a convolution: every output value sums a window of its group',
      opType: 'Conv',
      inputShapes: [[1, 4, 10, 10], [6, 2, 3, 3], [6]],
      output: [1, 6, 8, 8],
      expected: 6 * 8 * 8 * (2 * 3 * 3),
    },
    {
      name: 'a convolution of 8-bit numbers, whose weights are its fourth input',
      opType: 'QLinearConv',
      inputShapes: [[1, 4, 10], [], [], [6, 4, 3], [], []],
      output: [1, 6, 8],
      expected: 6 * 8 * (4 * 3),
    },
    {
      name: 'a transposed convolution: every input value spreads over a window',
      opType: 'ConvTranspose',
      inputShapes: [
        [2, 8, 5, 5],
        [8, 3, 2, 2],
      ],
      output: [2, 3, 10, 10],
      expected: 2 * 8 * 5 * 5 * (3 * 2 * 2),
    },
    {
      name: 'matrices in a batch',
      opType: 'MatMul',
      inputShapes: [
        [7, 3, 4],
        [4, 5],
      ],
      output: [7, 3, 5],
      expected: 7 * 3 * 5 * 4,
    },
    {
      name: 'a transposed Gemm',
      opType: 'Gemm',
      inputShapes: [
        [4, 3],
        [5, 4],
      ],
      output: [3, 5],
      expected: 3 * 5 * 4,
    },
    {
      name: 'nothing for an operator without weights',
      opType: 'Relu',
      inputShapes: [[1, 8]],
      output: [1, 8],
      expected: 0,
    },
  ]) {
    it(`counts ${name}`, () => {
      const node = { name: '', opType, microseconds: 1, outputBytes: 1, provider: '' };
      assert.equal(multiplyAddsOf({ ...node, inputShapes, outputShapes: [output] }), expected);
    });
  }
});
