import assert from 'node:assert/strict';
import { detectNetworks } from '../../../src/export/import/detect-networks.js';
import type { Safetensor } from '../../../src/shared/safetensors.js';
import type { NamedTensors } from '../../../src/train/packing.js';
import { attackerTensors, prefixed, victimTensors } from './networks.js';

function refusalOf(tensors: NamedTensors): string {
  try {
    detectNetworks(tensors, 'x.pt');
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    assert.equal(code, 'CHECKPOINT_INVALID');
    return message;
  }
  throw new Error('expected a refusal');
}

describe('detectNetworks', () => {
  for (const { model, classCount } of [
    { model: 'enet', classCount: 12 },
    { model: 'enet', classCount: 2 },
    { model: 'enet', classCount: 171 },
    { model: 'enet-2018', classCount: 20 },
    { model: 'enet-encoder', classCount: 19 },
  ] as const) {
    it(`finds ${model} with ${classCount} classes`, () => {
      const tensors = victimTensors(model, classCount);
      const [found, ...others] = detectNetworks(tensors, 'x.pt');
      assert.deepEqual(others, []);
      assert.ok(found?.kind === 'victim');
      assert.deepEqual([found.model, found.classCount, found.prefix], [model, classCount, '']);
      const own = [...tensors].filter(([name]) => !name.endsWith('.num_batches_tracked'));
      assert.deepEqual(Object.fromEntries(found.weights), Object.fromEntries(own));
    });
  }

  it('finds a network that PyTorch before 0.4.1 saved, which counts no batches', () => {
    const tensors = victimTensors('enet', 12);
    for (const name of [...tensors.keys()]) {
      if (name.endsWith('.num_batches_tracked')) tensors.delete(name);
    }
    assert.equal(detectNetworks(tensors, 'x.pt')[0]!.model, 'enet');
  });

  it('finds an attacker alone', () => {
    const [found, ...others] = detectNetworks(attackerTensors(), 'x.pt');
    assert.deepEqual([found!.kind, found!.model, others.length], ['attacker', 'autoencoder', 0]);
  });

  it('finds an attacker and its victim, whichever ENet it is', () => {
    for (const model of ['enet', 'enet-2018'] as const) {
      const victim = victimTensors(model, 20, 2);
      const tensors = new Map([...attackerTensors(), ...prefixed('bboxmodel.', victim)]);
      const [first, second] = detectNetworks(tensors, 'x.pt');
      assert.deepEqual([first!.model, first!.prefix], ['autoencoder', '']);
      assert.deepEqual([second!.model, second!.prefix], [model, 'bboxmodel.']);
      assert.deepEqual(first!.weights, attackerTensors());
      const name = 'transposed_conv.weight';
      assert.deepEqual(second!.weights.get(name), victim.get(name));
    }
  });

  it('makes float32 of double and half precision', () => {
    const tensors = attackerTensors();
    const { shape, data } = tensors.get('encode.bias')!;
    tensors.set('encode.bias', {
      dtype: 'F64',
      shape,
      data: Float64Array.from(data as Float32Array),
    });
    tensors.set('decode.weight', {
      dtype: 'F16',
      shape: [8, 3, 3, 3],
      data: new Uint16Array(216).fill(0x3c00),
    });
    const { weights } = detectNetworks(tensors, 'x.pt')[0]!;
    assert.deepEqual(weights.get('encode.bias'), { dtype: 'F32', shape, data });
    assert.deepEqual(weights.get('decode.weight')!.data, new Float32Array(216).fill(1));
  });

  const changed = (
    change: (tensors: NamedTensors) => void,
    model: 'enet' | 'enet-2018' = 'enet',
  ) => {
    const tensors = victimTensors(model, 12);
    change(tensors);
    return tensors;
  };
  const zeros = (dtype: 'F32' | 'I32', ...shape: number[]): Safetensor => {
    const count = shape.reduce((product, size) => product * size, 1);
    return dtype === 'F32'
      ? { dtype, shape, data: new Float32Array(count) }
      : { dtype, shape, data: new Int32Array(count) };
  };

  it('names what is missing, unexpected and of another shape, beside the nearest network', () => {
    const message = refusalOf(
      changed((tensors) => {
        tensors.delete('regular1_1.out_activation.weight');
        tensors.set('extra.weight', zeros('F32', 1));
        tensors.set('initial_block.batch_norm.weight', zeros('F32', 17));
      }),
    );
    assert.equal(
      message,
      'x.pt: expected the tensors of a network that segprobe knows (enet, enet-2018, enet-encoder, autoencoder), got 622 others; ' +
        'nearest is enet with 12 classes: 1 missing (regular1_1.out_activation.weight), 1 unexpected (extra.weight), ' +
        '1 of another shape (initial_block.batch_norm.weight F32 [17] instead of [16])',
    );
  });

  it('shows five names of a kind at most', () => {
    const message = refusalOf(new Map([['fc.weight', zeros('F32', 2, 2)]]));
    assert.match(
      message,
      /nearest is autoencoder: 3 missing \(encode\.weight, encode\.bias, decode\.weight\), 1 unexpected \(fc\.weight\)/,
    );
    const many = Array.from({ length: 7 }, (_, i) => [`l${i}`, zeros('F32', 1)] as const);
    const unknown = refusalOf(new Map([...attackerTensors(), ...many]));
    assert.match(unknown, /7 unexpected \(l0, l1, l2, l3, l4 and 2 more\)/);
    assert.ok(unknown.length < 400);
  });

  it('names the part of a file that is not known', () => {
    const victim = prefixed('bboxmodel.', new Map([['fc.weight', zeros('F32', 1)]]));
    assert.match(
      refusalOf(new Map([...attackerTensors(), ...victim])),
      /^x\.pt, bboxmodel\.\*: .*got 1 others/,
    );
    const good = prefixed('bboxmodel.', victimTensors('enet', 20));
    assert.match(
      refusalOf(good),
      /^x\.pt, beside bboxmodel\.\*: .*got 0 others; nearest is autoencoder/,
    );
  });

  it('refuses whole numbers in the place of weights', () => {
    const message = refusalOf(
      changed((tensors) => tensors.set('initial_block.batch_norm.bias', zeros('I32', 16))),
    );
    assert.match(
      message,
      /1 of another shape \(initial_block\.batch_norm\.bias I32 \[16\] instead of \[16\]\)/,
    );
  });

  it('refuses numbers that are not finite', () => {
    const message = refusalOf(
      changed((tensors) => {
        tensors.get('transposed_conv.weight')!.data[7] = NaN;
      }),
    );
    assert.equal(message, 'x.pt: expected finite numbers in transposed_conv.weight, got NaN');
  });

  it('refuses a shared weight that differs from name to name', () => {
    const tensors = victimTensors('enet-2018', 12);
    const name = 'regular1_1.out_prelu.weight';
    assert.ok(tensors.has(name));
    tensors.set(name, { dtype: 'F32', shape: [1], data: Float32Array.of(9) });
    assert.match(refusalOf(tensors), /expected regular1_1\.out_prelu\.weight to be the same as/);
  });
});
