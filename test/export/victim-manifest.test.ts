import assert from 'node:assert/strict';
import { createVictimManifest, victimFacts } from '../../src/export/victim-manifest.js';
import type { Manifest } from '../../src/shared/manifest.js';
import type { TrainState } from '../../src/train/checkpoint.js';
import { parseTrainConfig } from '../../src/train/config.js';
import { checkpointAt } from '../support/checkpoints.js';

const { state: STATE } = checkpointAt(20);

function manifestOf(changes: Partial<TrainState>): Manifest {
  const state = { ...STATE, ...changes };
  const facts = victimFacts(state, 'a'.repeat(64));
  const onnx = Uint8Array.of(1, 2, 3);
  return createVictimManifest({
    ...{ name: 'street', facts, state, onnx },
    ...{ precision: 'float32', segprobeVersion: '1.2.3' },
  });
}

describe('createVictimManifest', () => {
  it('gives the figures of every class that counts, and of no other', () => {
    const iou = STATE.classes.map((_, k) => (k === 4 ? null : k / 20));
    const [measured] = manifestOf({ best: { ...STATE.best!, iou }, ignoreIndex: 2 }).measured;
    const expected = STATE.classes.map(({ name }, k) => ({ name, iou: iou[k]! }));
    expected.splice(2, 1);
    assert.deepEqual(measured!.classes, expected);
  });

  it('has no figures where nothing was measured', () => {
    const { measured, training } = manifestOf({ best: null });
    assert.deepEqual([measured, training['bestEpoch']], [[], null]);
  });

  it('names the size, the seconds and the epoch of the training', () => {
    const config = parseTrainConfig({ height: 64, width: 96, seed: 7 });
    const { inputSize, training } = manifestOf({ config, seconds: 12.6 });
    assert.deepEqual(inputSize, { height: 64, width: 96 });
    assert.deepEqual([training['seconds'], training['epoch'], training['step']], [13, 2, 20]);
    assert.deepEqual(training['config'], config);
  });

  it('says of imported weights where they come from, and claims neither figures nor terms for them', () => {
    const importedFrom = { file: 'ENet.pt', sha256: 'b'.repeat(64) };
    const best = { epoch: 2, images: null, miou: 0.5, pixelAccuracy: null, iou: [] };
    const { training, measured, license } = manifestOf({ importedFrom, best });
    assert.deepEqual(training['importedFrom'], importedFrom);
    assert.deepEqual([measured, training['bestEpoch']], [[], 2]);
    assert.match(
      license,
      /^Weights imported from ENet\.pt: the terms are those of whoever made it/,
    );
  });

  for (const [dataset, license] of [
    ['camvid', /CC BY-NC: not for commercial use/],
    ['sample', /^MIT\. Trained on street scenes drawn by segprobe\.$/],
    ['mine', /the data set may have terms of its own/],
  ] as const) {
    it(`says what weights trained on ${dataset} may be used for`, () => {
      const manifest = manifestOf({ config: parseTrainConfig({ dataset }) });
      assert.equal(manifest.dataset, dataset);
      assert.match(manifest.license, license);
    });
  }
});
