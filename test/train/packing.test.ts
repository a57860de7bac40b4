import assert from 'node:assert/strict';
import { isSegprobeError } from '../../src/shared/errors.js';
import { createEnet } from '../../src/train/models/enet.js';
import type { ModelSpec } from '../../src/train/models/model.js';
import {
  initialWeights,
  type NamedTensors,
  packedSizes,
  packParameters,
  type PackedWeights,
  packWeights,
  unpackParameters,
  unpackWeights,
} from '../../src/train/packing.js';

const constant = { kind: 'constant', value: 0.25 } as const;
const SPEC: ModelSpec = {
  parameters: [
    {
      name: 'conv.weight',
      shape: [1, 2, 3, 2],
      initializer: { kind: 'uniform', fanIn: 6 },
      aliases: [],
    },
    { name: 'slope', shape: [1], initializer: constant, aliases: ['out.slope'] },
  ],
  statistics: [
    { name: 'a', channels: 1 },
    { name: 'b', channels: 2 },
  ],
};

const WEIGHTS: PackedWeights = {
  // conv.weight [kh 1, kw 2, in 3, out 2], then slope
  parameters: Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 100),
  runningMean: Float32Array.of(1, 2, 3),
  runningVariance: Float32Array.of(4, 5, 6),
};

describe('packedSizes', () => {
  it('counts the 350,652 parameters of an ENet with 12 classes', () => {
    const { parameters } = packedSizes(createEnet({ classCount: 12 }).spec);
    assert.equal(parameters, 350_652);
  });

  it('counts channels of statistics', () => {
    assert.deepEqual(packedSizes(SPEC), { parameters: 13, statistics: 3 });
  });
});

describe('unpackWeights', () => {
  it('names tensors and turns filters into [out, in, kh, kw]', () => {
    const named = unpackWeights(SPEC, WEIGHTS);
    const data = (name: string): number[] => Array.from(named.get(name)!.data, Number);
    assert.deepEqual(named.get('conv.weight')!.shape, [2, 3, 1, 2]);
    // out 0: inputs 0, 1, 2, each at x = 0 and x = 1, which lie 3·2 = 6 apart; then out 1
    assert.deepEqual(data('conv.weight'), [0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11]);
    assert.deepEqual(data('slope'), [100]);
    assert.deepEqual(data('out.slope'), [100]);
    assert.deepEqual(data('a.running_mean'), [1]);
    assert.deepEqual(data('b.running_mean'), [2, 3]);
    assert.deepEqual(data('b.running_var'), [5, 6]);
  });

  it('gives copies', () => {
    const named = unpackWeights(SPEC, WEIGHTS);
    named.get('slope')!.data[0] = 5;
    named.get('b.running_var')!.data[0] = 5;
    assert.equal(WEIGHTS.parameters[12], 100);
    assert.equal(WEIGHTS.runningVariance[1], 5);
  });
});

describe('packWeights', () => {
  it('undoes unpackWeights', () => {
    assert.deepEqual(packWeights(SPEC, unpackWeights(SPEC, WEIGHTS), 'test'), WEIGHTS);
  });

  it('undoes it for ENet, and unpackParameters for a vector laid out like its parameters', () => {
    const { spec } = createEnet({ classCount: 5 });
    const weights = initialWeights(spec, 3);
    assert.deepEqual(packWeights(spec, unpackWeights(spec, weights), 'test'), weights);
    const { parameters } = weights;
    assert.deepEqual(packParameters(spec, unpackParameters(spec, parameters), 'test'), parameters);
  });

  const vector = (shape: number[], dtype: 'F32' | 'I32') => {
    const length = shape.reduce((product, size) => product * size, 1);
    return dtype === 'F32'
      ? { dtype, shape, data: new Float32Array(length) }
      : { dtype, shape, data: new Int32Array(length) };
  };
  const cases: { name: string; change: (named: NamedTensors) => void; message: RegExp }[] = [
    {
      name: 'a tensor that is missing',
      change: (named) => named.delete('slope'),
      message: /file: expected slope as F32 \[1\], got none/,
    },
    {
      name: "a filter in TensorFlow's layout",
      change: (named) => named.set('conv.weight', vector([1, 2, 3, 2], 'F32')),
      message: /expected conv\.weight as F32 \[2,3,1,2\], got F32 \[1,2,3,2\]/,
    },
    {
      name: 'a shared tensor that is another under its other name',
      change: (named) =>
        named.set('out.slope', { dtype: 'F32', shape: [1], data: Float32Array.of(99) }),
      message: /file: expected out\.slope to be the same as slope, got other numbers/,
    },
    {
      name: 'another dtype',
      change: (named) => named.set('b.running_var', vector([2], 'I32')),
      message: /expected b\.running_var as F32 \[2\], got I32 \[2\]/,
    },
  ];
  for (const { name, change, message } of cases) {
    it(`refuses ${name}`, () => {
      const named = unpackWeights(SPEC, WEIGHTS);
      change(named);
      assert.throws(
        () => packWeights(SPEC, named, 'file'),
        (error) => isSegprobeError(error, 'CHECKPOINT_INVALID') && message.test(error.message),
      );
    });
  }
});

describe('initialWeights', () => {
  const { spec } = createEnet({ classCount: 12 });

  it('gives equal weights for equal seeds and others for others', () => {
    const weights = initialWeights(spec, 1);
    assert.deepEqual(initialWeights(spec, 1), weights);
    assert.notDeepEqual(initialWeights(spec, 2), weights);
  });

  it('fills constants, and spreads filters evenly over ±1/√fanIn', () => {
    const weights = initialWeights(spec, 1);
    let offset = 0;
    for (const { name, shape, initializer } of spec.parameters) {
      const size = shape.reduce((product, n) => product * n, 1);
      const part = weights.parameters.subarray(offset, (offset += size));
      if (initializer.kind === 'constant') {
        assert.ok(
          part.every((value) => value === Math.fround(initializer.value)),
          name,
        );
        continue;
      }
      const bound = 1 / Math.sqrt(initializer.fanIn);
      assert.ok(
        part.every((value) => Math.abs(value) <= bound),
        name,
      );
      // The standard deviation of a uniform distribution is bound/√3, that of a mean of n draws √n times less.
      const mean = part.reduce((sum, value) => sum + value, 0) / size;
      assert.ok(Math.abs(mean) < (5 * bound) / Math.sqrt(3 * size), `${name}: mean ${mean}`);
      const spread = Math.sqrt(part.reduce((sum, value) => sum + value ** 2, 0) / size);
      assert.ok(spread > 0.8 * (bound / Math.sqrt(3)), `${name}: standard deviation ${spread}`);
    }
    assert.equal(offset, weights.parameters.length);
  });

  it('starts running statistics at mean 0 and variance 1', () => {
    const { runningMean, runningVariance } = initialWeights(spec, 1);
    assert.ok(runningMean.every((value) => value === 0));
    assert.ok(runningVariance.every((value) => value === 1));
  });
});
