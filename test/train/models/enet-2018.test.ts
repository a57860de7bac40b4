import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { createEnet } from '../../../src/train/models/enet.js';
import { createEnet2018 } from '../../../src/train/models/enet-2018.js';
import { packedSizes } from '../../../src/train/packing.js';
import { useNativeTensorFlow } from '../../support/tensorflow.js';
import { forwardOnce } from './forward.js';

describe('createEnet2018', () => {
  const { spec } = createEnet2018({ classCount: 20 });

  it('has 358,134 parameters with 20 classes', () => {
    assert.equal(packedSizes(spec).parameters, 358_134);
  });

  it('has one slope for each block of the encoder, under a name for each place', () => {
    const slopes = spec.parameters.filter(({ initializer }) => initializer.kind === 'constant');
    const aliases = new Map(slopes.map(({ name, aliases }) => [name, aliases]));
    assert.deepEqual(aliases.get('initial_block.out_prelu.weight'), []);
    assert.deepEqual(aliases.get('regular1_4.ext_conv1.2.weight'), [
      'regular1_4.ext_conv2.2.weight',
      'regular1_4.ext_conv3.2.weight',
      'regular1_4.out_prelu.weight',
    ]);
    assert.deepEqual(aliases.get('asymmetric3_6.ext_conv1.2.weight'), [
      'asymmetric3_6.ext_conv2.2.weight',
      'asymmetric3_6.ext_conv2.5.weight',
      'asymmetric3_6.ext_conv3.2.weight',
      'asymmetric3_6.out_prelu.weight',
    ]);
    assert.equal(slopes.filter(({ shape }) => String(shape) === '1').length, 23);
  });

  it('names each tensor once', () => {
    const names = spec.parameters.flatMap(({ name, aliases }) => [name, ...aliases]);
    assert.equal(new Set(names).size, names.length);
  });

  it("has the names and shapes of today's ENet but for slopes and the upsampling bottlenecks", () => {
    const comparable = (parameters: typeof spec.parameters): string[] =>
      parameters
        .filter(({ name, shape }) => String(shape) !== '1' && !name.startsWith('upsample'))
        .map(({ name, shape }) => `${name} [${shape}]`);
    const current = createEnet({ classCount: 20 }).spec;
    assert.deepEqual(comparable(spec.parameters), comparable(current.parameters));
  });

  describe('its forward pass', () => {
    useNativeTensorFlow();

    for (const [height, width] of [
      [8, 8],
      [24, 40],
      [64, 16],
    ] as const) {
      it(`gives a logit for each class at each of ${height}×${width} pixels`, () => {
        const logits = forwardOnce(createEnet2018({ classCount: 7 }), [2, height, width, 3]);
        assert.deepEqual(logits.shape, [2, height, width, 7]);
        assert.ok(logits.dataSync().every((value) => Number.isFinite(value)));
        tf.dispose(logits);
      });
    }
  });
});
