import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { readPyTorchCheckpoint, stateDictOf } from '../../../src/export/pytorch/index.js';
import type { PyTorchKey, PyTorchValue } from '../../../src/export/pytorch/index.js';
import { decodeSafetensors } from '../../../src/shared/safetensors.js';
import type { Safetensor } from '../../../src/shared/safetensors.js';

const GOLDEN = path.join(
  process.env['SEGPROBE_GOLDEN'] ?? path.join(import.meta.dirname, '../../../../shared/golden'),
  'pytorch-enet',
);

const tensor = (value: number): Safetensor => ({
  dtype: 'F32',
  shape: [1],
  data: Float32Array.of(value),
});
const dictionary = (entries: Record<string, PyTorchValue>): Map<PyTorchKey, PyTorchValue> =>
  new Map(Object.entries(entries));

describe('stateDictOf', () => {
  const [a, b] = [tensor(1), tensor(2)];
  const cases = [
    { name: 'a bare state dict', value: dictionary({ a, b }) },
    { name: 'a checkpoint', value: dictionary({ epoch: 3, state_dict: dictionary({ a, b }) }) },
    { name: 'a parallel model', value: dictionary({ 'module.a': a, 'module.b': b }) },
    { name: 'a state dict with other things', value: dictionary({ a, version: 1, b }) },
  ];
  for (const { name, value } of cases) {
    it(`takes the tensors of ${name}`, () => {
      assert.deepEqual([...stateDictOf(value)], Object.entries({ a, b }));
    });
  }

  it('keeps a prefix that not all names have', () => {
    const value = dictionary({ 'module.a': a, b });
    assert.deepEqual([...stateDictOf(value).keys()], ['module.a', 'b']);
  });

  const without = [
    { name: 'None', value: null },
    { name: 'a list', value: [a] },
    { name: 'an empty dictionary', value: dictionary({}) },
    { name: 'a state_dict that is text', value: dictionary({ state_dict: 'none' }) },
  ];
  for (const { name, value } of without) {
    it(`refuses ${name}`, () => {
      assert.throws(() => stateDictOf(value, 'x.pt'), {
        code: 'FILE_INVALID',
        message: 'x.pt: expected a state dict, bare or as state_dict, got no tensors by name',
      });
    });
  }

  it("reads PyTorch-ENet's own checkpoint @golden", function () {
    const file = path.join(GOLDEN, 'enet12_random.pt');
    if (!existsSync(file)) {
      process.stderr.write(`      skipped: ${file} is not there (set SEGPROBE_GOLDEN)\n`);
      this.skip();
    }
    const weights = stateDictOf(readPyTorchCheckpoint(readFileSync(file), file), file);
    const step = path.join(GOLDEN, 'enet12_step.safetensors');
    const { tensors } = decodeSafetensors(readFileSync(step), step);
    const shapes = (named: Iterable<[string, Safetensor]>): Record<string, readonly number[]> =>
      Object.fromEntries([...named].map(([name, { shape }]) => [name, shape]));
    const floats = [...weights].filter(([, { dtype }]) => dtype === 'F32');
    const expected = [...tensors]
      .filter(([name]) => name.startsWith('param.'))
      .map(([name, value]): [string, Safetensor] => [name.slice('param.'.length), value]);
    assert.deepEqual(shapes(floats), shapes(expected));
    const others = [...weights].filter(([, { dtype }]) => dtype !== 'F32');
    assert.ok(others.every(([name]) => name.endsWith('.num_batches_tracked')));
    // One Adam step moves no weight by more than its rate, 5e-4: the values are the right ones, in the right order.
    const before = weights.get('initial_block.main_branch.weight')!.data;
    const after = tensors.get('param.initial_block.main_branch.weight')!.data;
    for (let i = 0; i < after.length; i++) {
      assert.ok(Math.abs(Number(before[i]) - Number(after[i])) < 5.1e-4, `weight ${i}`);
    }
  });
});
