import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { createEnet, createEnetEncoder } from '../../../src/train/models/enet.js';
import { useNativeTensorFlow } from '../../support/tensorflow.js';
import { forwardOnce } from './forward.js';

describe('createEnet', () => {
  it('names parameters once each, as PyTorch-ENet does', () => {
    const names = createEnet({ classCount: 12 }).spec.parameters.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    assert.deepEqual(names.slice(0, 4), [
      'initial_block.main_branch.weight',
      'initial_block.batch_norm.weight',
      'initial_block.batch_norm.bias',
      'initial_block.out_activation.weight',
    ]);
    assert.ok(names.includes('asymmetric3_6.ext_conv2.5.weight'));
    assert.ok(names.includes('upsample5_0.ext_tconv1_bnorm.bias'));
    assert.equal(names.at(-1), 'transposed_conv.weight');
  });

  it('has one scale a channel for each running statistic', () => {
    const { parameters, statistics } = createEnet({ classCount: 12 }).spec;
    for (const { name, channels } of statistics) {
      for (const suffix of ['weight', 'bias']) {
        const parameter = parameters.find((candidate) => candidate.name === `${name}.${suffix}`);
        assert.deepEqual(parameter?.shape, [channels], `${name}.${suffix}`);
      }
    }
  });

  describe('its forward pass', () => {
    useNativeTensorFlow();

    for (const [height, width] of [
      [8, 8],
      [24, 40],
      [64, 16],
    ] as const) {
      it(`gives a logit for each class at each of ${height}×${width} pixels`, () => {
        const logits = forwardOnce(createEnet({ classCount: 7 }), [2, height, width, 3]);
        assert.deepEqual(logits.shape, [2, height, width, 7]);
        assert.ok(logits.dataSync().every((value) => Number.isFinite(value)));
        tf.dispose(logits);
      });
    }
  });
});

describe('createEnetEncoder', () => {
  useNativeTensorFlow();

  it("has the encoder's parameters of createEnet and a classifier", () => {
    const whole = createEnet({ classCount: 12 }).spec.parameters;
    const encoder = createEnetEncoder({ classCount: 12 }).spec.parameters;
    const isDecoder = /^(upsample|regular[45]|transposed)/;
    const shared = whole.filter(({ name }) => !isDecoder.test(name));
    const classifier = { name: 'classifier.weight', shape: [1, 1, 128, 12] };
    assert.deepEqual(
      encoder.map(({ name, shape }) => ({ name, shape })),
      [...shared.map(({ name, shape }) => ({ name, shape })), classifier],
    );
  });

  it('gives a logit for each class at each square of 8×8 pixels', () => {
    const encoder = createEnetEncoder({ classCount: 7 });
    const logits = forwardOnce(encoder, [2, 24, 40, 3]);
    assert.deepEqual(logits.shape, [2, 3, 5, 7]);
    assert.equal(encoder.outputStride, 8);
    tf.dispose(logits);
  });
});
