import assert from 'node:assert/strict';
import { trainingCurve } from '../../src/report/training-curve.js';

const METRICS = [
  { epoch: 1, trainLoss: 2, valMiou: null, valPixelAccuracy: null },
  { epoch: 2, trainLoss: 1, valMiou: 0.5, valPixelAccuracy: 0.9, miouAttacked: 0.25 },
];

describe('trainingCurve', () => {
  const dots = (svg: string): string[] =>
    [...svg.matchAll(/<circle [^>]*><title>([^<]*)/g)].map(([, told]) => told!);

  it('draws the loss of every epoch, and the scores of those that were validated', () => {
    assert.deepEqual(dots(trainingCurve({ name: 'mine', metrics: METRICS })), [
      'loss: 1.0, 2.0',
      'loss: 2.0, 1.0',
      'mIoU: 2.0, 50 %',
      'mIoU under attack: 2.0, 25 %',
      'pixel accuracy: 2.0, 90 %',
    ]);
  });

  it('names whose mIoU it is, and draws a training without epochs as well', () => {
    const svg = trainingCurve({ name: 'mal', metrics: METRICS, miou: 'mIoU of enet' });
    assert.match(svg, />mIoU of enet</);
    assert.deepEqual(dots(trainingCurve({ name: 'none', metrics: [] })), []);
  });
});
