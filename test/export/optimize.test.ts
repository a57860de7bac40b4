import assert from 'node:assert/strict';
import { Tensor } from 'onnxruntime-node';
import { optimize } from '../../src/export/optimize.js';
import { toServingForm } from '../../src/export/serving-form.js';
import { createVictimGraph } from '../../src/export/victim-graph.js';
import { toWebForm } from '../../src/export/web-form.js';
import { isSegprobeError } from '../../src/shared/errors.js';
import { type GraphProto, makeNode } from '../../src/shared/onnx/index.js';
import { createRandom } from '../../src/shared/random.js';
import { useNativeTensorFlow } from '../support/tensorflow.js';
import { randomEnet } from './enet-checkpoint.js';
import { graphOf, operatorsOf, run } from './passes/run-graph.js';

const CLASSES = 12;
const SHAPES = [
  { count: 1, height: 8, width: 8 },
  { count: 2, height: 40, width: 24 },
  { count: 1, height: 104, width: 136 },
] as const;

describe('an optimised ENet', function () {
  this.timeout(120_000);
  useNativeTensorFlow();
  let plain: GraphProto;
  let optimized: GraphProto;
  before(() => {
    plain = createVictimGraph('enet', randomEnet(CLASSES));
    optimized = optimize(plain);
  });

  /** The same picture as floats, NCHW, and as bytes, NHWC. */
  const pictures = ({ count, height, width }: (typeof SHAPES)[number]) => {
    const random = createRandom(height, width);
    const plane = height * width;
    const bytes = Uint8Array.from({ length: count * plane * 3 }, () => Math.floor(256 * random()));
    const floats = new Float32Array(bytes.length);
    bytes.forEach((value, i) => {
      const [n, pixel, c] = [Math.floor(i / (3 * plane)), Math.floor(i / 3) % plane, i % 3];
      floats[(n * 3 + c) * plane + pixel] = Math.fround(value * Math.fround(1 / 255));
    });
    return {
      image: new Tensor('float32', floats, [count, 3, height, width]),
      image_u8: new Tensor('uint8', bytes, [count, height, width, 3]),
    };
  };

  for (const shape of SHAPES) {
    const { count, height, width } = shape;
    it(`gives the logits of the plain one for ${count} of ${height}×${width}, and the forms that take bytes their labels`, async () => {
      const { image, image_u8 } = pictures(shape);
      const expected = (await run(plain, { image })).data as Float32Array;
      const actual = (await run(optimized, { image }, 'all')).data as Float32Array;
      const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const off = actual.filter((value, i) => Math.abs(value - expected[i]!) > 1e-5 * largest);
      // Near-ties in pooling may go the other way under other rounding, and move a value by a pixel.
      assert.ok(off.length <= 0.001 * actual.length, `${off.length} of ${actual.length}`);
      for (const form of [toServingForm(plain), toWebForm(plain, 'victim')]) {
        const found = await run(form, { image_u8 }, 'all');
        assert.deepEqual(found.dims, [count, height, width]);
        const labels = found.data as Uint8Array;
        const plane = height * width;
        const wrong = labels.filter((label, i) => {
          const [n, pixel] = [Math.floor(i / plane), i % plane];
          const logit = (k: number): number => actual[(n * CLASSES + k) * plane + pixel]!;
          return Array.from({ length: CLASSES }, (_, k) => logit(k)).some(
            (value) => value > logit(label) + 1e-5 * largest,
          );
        });
        assert.ok(wrong.length <= 0.001 * labels.length, `${wrong.length} of ${labels.length}`);
      }
    });
  }

  it('has no operator left that only CPUs have, nor a batch normalisation behind a convolution', () => {
    const operators = new Set(operatorsOf(optimized));
    for (const gone of ['PRelu', 'MaxUnpool']) assert.ok(!operators.has(gone), gone);
    const count = (graph: GraphProto, op: string): number =>
      operatorsOf(graph).filter((own) => own === op).length;
    assert.equal(count(optimized, 'BatchNormalization'), 1); // Behind the initial block's Concat.
    assert.ok(count(plain, 'BatchNormalization') > 80);
  });

  it('refuses a serving form of what ends in no transposed convolution', () => {
    const graph = graphOf([makeNode('Relu', ['x'], ['y'])], 3);
    assert.throws(
      () => toServingForm(graph),
      (error) => isSegprobeError(error, 'EXPORT_UNSUPPORTED') && /got Relu$/.test(error.message),
    );
  });
});
