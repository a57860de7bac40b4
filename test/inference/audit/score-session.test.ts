import assert from 'node:assert/strict';
import path from 'node:path';
import { drawScene } from '../../../src/data/street/draw-scene.js';
import { loadScores } from '../../../src/inference/audit/score-session.js';
import { openModel } from '../../../src/inference/open-model.js';
import { imageTensor, loadImageModel, runImageModel } from '../../../src/inference/session.js';
import { argmaxOverClasses } from '../../../src/shared/argmax.js';
import { toImageTensor } from '../../../src/shared/image-tensor.js';
import { assertAllClose } from '../../support/all-close.js';

const SIZE = { height: 96, width: 128 };
const CLASSES = 12;

describe('loadScores', () => {
  const { image, label } = drawScene(3, SIZE);
  const file = path.join('models', 'onnx', 'enet-camvid.onnx');

  const plainLogits = async (): Promise<Float32Array> => {
    const plain = await loadImageModel(file, 1);
    const input = imageTensor(toImageTensor(image), SIZE);
    return runImageModel(plain, input, { name: 'logits', channels: CLASSES });
  };

  for (const form of ['serving', 'plain'] as const) {
    it(`gives the softmax of the logits at given and predicted classes, in the ${form} form`, async () => {
      const { path: plainPath, servingPath } = await openModel(file);
      assert.notEqual(servingPath, null);
      const victim = {
        path: plainPath,
        servingPath: form === 'serving' ? servingPath : null,
        classCount: CLASSES,
      };
      const { score } = await loadScores(victim, 1);
      const found = await score(image, label, SIZE);
      const logits = await plainLogits();
      const predicted = argmaxOverClasses(logits, CLASSES);
      assert.deepEqual(Buffer.from(found.predicted), Buffer.from(predicted));
      const [given, confidence] = [label, predicted].map((classes) =>
        Float64Array.from(classes, (k, i) => softmaxAt(logits, k, i)),
      ) as [Float64Array, Float64Array];
      // Logits of the two forms agree to 1e-6 of the greatest, some 30.
      const tolerance = { rtol: 2e-4, atol: 1e-6 };
      assertAllClose(found.given, given, tolerance, 'given');
      assertAllClose(found.confidence, confidence, tolerance, 'confidence');
      assert.ok(new Set(label).size > 4 && Math.min(...given) < 0.01, 'a scene of some variety');
    });
  }

  it('takes labels of classes that the victim has no output for', async () => {
    const { path: plainPath, servingPath } = await openModel(file);
    const { score } = await loadScores({ path: plainPath, servingPath, classCount: CLASSES }, 1);
    const { given } = await score(image, new Uint8Array(label.length).fill(255), SIZE);
    assert.ok(given.every((probability) => probability >= 0 && probability <= 1));
  });

  it('refuses a file that is no model', () =>
    assert.rejects(
      loadScores({ path: 'package.json', servingPath: null, classCount: CLASSES }, 1),
      { code: 'MODEL_INVALID' },
    ));
});

function softmaxAt(logits: Float32Array, k: number, pixel: number): number {
  const plane = SIZE.height * SIZE.width;
  const own = logits[k * plane + pixel]!;
  let sum = 0;
  for (let at = pixel; at < logits.length; at += plane) sum += Math.exp(logits[at]! - own);
  return 1 / sum;
}
