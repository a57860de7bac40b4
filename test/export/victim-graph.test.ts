import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { compareLogits } from '../../src/export/compare-logits.js';
import { MAX_LOGIT_DIFFERENCE } from '../../src/export/verify-victim.js';
import { createVictimGraph, type VictimWeights } from '../../src/export/victim-graph.js';
import { isSegprobeError } from '../../src/shared/errors.js';
import { encodeModel, type GraphProto, makeModel } from '../../src/shared/onnx/index.js';
import { createEnet } from '../../src/train/models/enet.js';
import { packWeights } from '../../src/train/packing.js';
import { createEvaluationPass, type PackedTensors } from '../../src/train/pass.js';
import {
  mapValues,
  randomArray,
  tidily,
  toTensor,
  useNativeTensorFlow,
} from '../support/tensorflow.js';
import { randomEnet } from './enet-checkpoint.js';

/** Pooling may note either of two values that are equal but for rounding; a few in a million are. Then another picture is tried. */
const TRIES = 3;
const MIN_LABEL_AGREEMENT = 0.999;

interface Shape {
  readonly count: number;
  readonly height: number;
  readonly width: number;
}

/** Logits of TensorFlow, run eagerly, and of ONNX Runtime, both NCHW. */
async function bothLogits(
  session: InferenceSession,
  { classCount, weights, weightsFile }: VictimWeights,
  { count, height, width }: Shape,
  seed: number,
): Promise<{ actual: Float32Array; expected: Float32Array }> {
  const image = randomArray([count, 3, height, width], seed, 0, 1);
  const { spec, forward } = createEnet({ classCount });
  const packed = mapValues({ ...packWeights(spec, weights, weightsFile) }, (values: Float32Array) =>
    tf.tensor1d(values),
  );
  const expected = tidily(() => {
    const pass = createEvaluationPass(spec, packed as unknown as PackedTensors);
    const nhwc = tf.transpose(toTensor(image) as tf.Tensor4D, [0, 2, 3, 1]);
    return tf.transpose(forward(nhwc, pass), [0, 3, 1, 2]).dataSync() as Float32Array;
  });
  tf.dispose(packed);
  const input = new Tensor('float32', Float32Array.from(image.values), image.shape);
  const { logits } = await session.run({ image: input });
  assert.deepEqual(logits!.dims, [count, classCount, height, width]);
  return { actual: logits!.data as Float32Array, expected };
}

describe('createVictimGraph', function () {
  this.timeout(120_000);
  useNativeTensorFlow();

  for (const { classCount, shapes } of [
    {
      classCount: 12,
      shapes: [
        { count: 1, height: 72, width: 104 },
        { count: 2, height: 96, width: 128 },
        { count: 3, height: 8, width: 8 },
        { count: 3, height: 40, width: 16 },
      ],
    },
    {
      classCount: 5,
      shapes: [
        { count: 1, height: 8, width: 8 },
        { count: 2, height: 72, width: 104 },
        { count: 3, height: 24, width: 64 },
      ],
    },
  ]) {
    describe(`of ${classCount} classes`, () => {
      const victim = randomEnet(classCount);
      let graph: GraphProto;
      let session: InferenceSession;
      before(async () => {
        graph = createVictimGraph('street', victim);
        session = await InferenceSession.create(encodeModel(makeModel(graph)));
      });
      after(() => session?.release());

      for (const shape of shapes) {
        const { count, height, width } = shape;
        it(`gives TensorFlow's logits and labels of ${count} of ${height}×${width}`, async () => {
          for (let seed = 1; ; seed++) {
            const { actual, expected } = await bothLogits(session, victim, shape, seed);
            const found = compareLogits(actual, expected, { count, classCount });
            if (found.logitDifference > MAX_LOGIT_DIFFERENCE && seed < TRIES) continue;
            assert.ok(found.logitDifference <= MAX_LOGIT_DIFFERENCE, `${found.logitDifference}`);
            assert.ok(found.labelAgreement >= MIN_LABEL_AGREEMENT, `${found.labelAgreement}`);
            return;
          }
        });
      }

      it('holds every weight and statistic by its name in PyTorch-ENet, in PyTorch’s layout', () => {
        const initializers = new Map(graph.initializer.map((tensor) => [tensor.name!, tensor]));
        for (const [name, { shape, data }] of victim.weights) {
          const { dims, rawData } = initializers.get(name)!;
          // PReLU's one slope is to broadcast over C, H and W.
          assert.deepEqual(dims, name.endsWith('.weight') && data.length === 1 ? [1, 1, 1] : shape);
          assert.deepEqual(rawData, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
          initializers.delete(name);
        }
        assert.deepEqual(
          [...initializers.keys()],
          ['Pad.pads', 'Pad.value', 'Pad_2.pads', 'Pad_2.value'],
        );
      });

      it('calls nodes after layers and operators', () => {
        for (const { name, opType } of graph.node) {
          assert.match(
            name!,
            /^([a-z]+(_[a-z]+|\d_\d)(\.[a-z_]+\d?)?(\.\d)?|[A-Z][A-Za-z]+(_\d+)?)(_bnorm|_activation)?$/,
          );
          const isLayer = ['Conv', 'ConvTranspose', 'BatchNormalization', 'PRelu'].includes(opType);
          assert.equal(isLayer, !name!.startsWith(opType), `${name} ${opType}`);
        }
        assert.equal(graph.node.at(-1)!.name, 'transposed_conv');
        assert.deepEqual(graph.node.at(-1)!.output, ['logits']);
      });

      it('takes any number of pictures of any size', () => {
        const dimsOf = ([info]: GraphProto['input']) =>
          info!.type!.tensorType!.shape!.dim.map(({ dimParam, dimValue }) => dimParam ?? dimValue);
        assert.deepEqual(dimsOf(graph.input), ['N', 3, 'H', 'W']);
        assert.deepEqual(dimsOf(graph.output), ['N', classCount, 'H', 'W']);
        assert.equal(graph.name, 'street');
      });
    });
  }

  it('gives TensorFlow’s logits of CamVid’s size but where pooling was in doubt @slow', async function () {
    if (!process.env['SEGPROBE_SLOW']) this.skip();
    const victim = randomEnet(12, 2);
    const graph = createVictimGraph('street', victim);
    const session = await InferenceSession.create(encodeModel(makeModel(graph)));
    for (const count of [1, 2]) {
      const shape = { count, height: 360, width: 480 };
      const { actual, expected } = await bothLogits(session, victim, shape, count);
      const size = { count, classCount: 12 };
      const largest = expected.reduce((max, logit) => Math.max(max, Math.abs(logit)), 0);
      const isFar = (logit: number, i: number): boolean =>
        !(Math.abs(logit - expected[i]!) <= MAX_LOGIT_DIFFERENCE * largest);
      // Of 350,000 windows a picture one or two have maxima that are equal but for rounding; each changes some 40×40 pixels.
      const far = actual.filter(isFar).length / actual.length;
      assert.ok(far <= 0.01, `${100 * far} % of the logits are further away`);
      const { labelAgreement } = compareLogits(actual, expected, size);
      assert.ok(labelAgreement >= MIN_LABEL_AGREEMENT, `${labelAgreement}`);
    }
    await session.release();
  });

  it('converts weights that have decayed to denormal numbers', async () => {
    const victim = randomEnet(12, 3);
    const { data } = victim.weights.get('regular1_1.ext_conv2.0.weight')!;
    for (let i = 0; i < data.length; i++) data[i] = 1e-40 * (i % 7);
    const graph = createVictimGraph('small', victim);
    const session = await InferenceSession.create(encodeModel(makeModel(graph)));
    const shape = { count: 1, height: 16, width: 16 };
    const { actual, expected } = await bothLogits(session, victim, shape, 1);
    const { logitDifference } = compareLogits(actual, expected, { count: 1, classCount: 12 });
    assert.ok(logitDifference <= MAX_LOGIT_DIFFERENCE, `${logitDifference}`);
    await session.release();
  });

  it('refuses weights of another network, with the file and the tensor', () => {
    const { weights, weightsFile } = randomEnet(12);
    assert.throws(
      () => createVictimGraph('other', { model: 'enet', classCount: 11, weights, weightsFile }),
      (error) =>
        isSegprobeError(error, 'CHECKPOINT_INVALID') &&
        /^random-1\.safetensors: expected transposed_conv\.weight as F32 \[16,11,3,3\], got F32 \[16,12,3,3\]$/.test(
          error.message,
        ),
    );
  });
});
