import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { createEnet, createEnetEncoder } from '../../../src/train/models/enet.js';
import { initialWeights } from '../../../src/train/packing.js';
import { createEvaluationPass } from '../../../src/train/pass.js';
import { mapValues, randomArray, toTensor, useNativeTensorFlow } from '../../support/tensorflow.js';

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
        const { spec, forward } = createEnet({ classCount: 7 });
        tf.tidy(() => {
          const weights = mapValues({ ...initialWeights(spec, 1) }, (values: Float32Array) =>
            tf.tensor1d(values),
          );
          const pass = createEvaluationPass(
            spec,
            weights as unknown as Parameters<typeof createEvaluationPass>[1],
          );
          const logits = forward(
            toTensor(randomArray([2, height, width, 3], 1)) as tf.Tensor4D,
            pass,
          );
          assert.deepEqual(logits.shape, [2, height, width, 7]);
          assert.ok(logits.dataSync().every((value) => Number.isFinite(value)));
        });
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
    const { spec, forward, outputStride } = createEnetEncoder({ classCount: 7 });
    tf.tidy(() => {
      const weights = mapValues({ ...initialWeights(spec, 1) }, (values: Float32Array) =>
        tf.tensor1d(values),
      );
      const pass = createEvaluationPass(
        spec,
        weights as unknown as Parameters<typeof createEvaluationPass>[1],
      );
      const logits = forward(toTensor(randomArray([2, 24, 40, 3], 1)) as tf.Tensor4D, pass);
      assert.deepEqual(logits.shape, [2, 3, 5, 7]);
      assert.equal(outputStride, 8);
    });
  });
});
