import assert from 'node:assert/strict';
import { type AttackedScene, drawAttackGrid, drawClassIou } from '../../src/report/attack-plots.js';
import type { EvaluationResult } from '../../src/shared/evaluation.js';

const textsOf = (svg: string): string[] =>
  [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, content]) => content!);

describe('drawAttackGrid', () => {
  const names = [
    'picture',
    'label',
    'segmented',
    'attacked',
    'change',
    'attackedSegmented',
  ] as const;
  const png = Object.fromEntries(names.map((name) => [name, Buffer.from(name)]));
  const scene = (name: string, psnrDb: number | null): AttackedScene => ({
    ...(png as Record<(typeof names)[number], Buffer>),
    name,
    perturbation: { psnrDb, linf: 8 / 255 },
  });
  const svg = drawAttackGrid({
    victim: 'v',
    attacker: 'a',
    scenes: [scene('train x', 31.84), scene('val y', null)],
    gain: 15,
    size: { height: 360, width: 480 },
    classTable: { classes: [{ name: 'sky', color: [1, 2, 3] }], ignoreIndex: 0 },
  });

  it('has each scene’s pictures in the order of the columns', () => {
    const pictures = [...svg.matchAll(/base64,([^"]*)"/g)].map(([, data]) =>
      Buffer.from(data!, 'base64').toString(),
    );
    assert.deepEqual(pictures, [...names, ...names]);
  });

  it('says what is what: columns, classes, scenes with their change', () => {
    const texts = textsOf(svg);
    for (const expected of [
      'v before and after a',
      'change ×15',
      'sky',
      'train x: PSNR 31.8 dB, L∞ 8/255',
      'val y: unchanged',
    ])
      assert.ok(texts.includes(expected), `${expected}: ${texts.join(' | ')}`);
    assert.ok(svg.includes('rgb(1,2,3)'));
  });
});

describe('drawClassIou', () => {
  it('draws each class that there is before and after, and the mean, with their figures', () => {
    const of = (name: string, iou: number | null, iouAttacked: number | null, pixels = 5) => ({
      ...{ name, iou, iouAttacked, pixels, accuracy: null, accuracyAttacked: null },
    });
    const svg = drawClassIou({
      ...{ victim: 'v', attacker: 'a', dataset: 'camvid', split: 'val', images: 3 },
      classes: [of('sky', 0.9, 0.1), of('none', null, null, 0)],
      ...{ miou: 0.75, miouAttacked: 0.05 },
    } as unknown as EvaluationResult);
    const texts = textsOf(svg);
    assert.ok(texts.includes('v under a: camvid val, 3 images'));
    for (const figure of ['90.0', '10.0', '75.0', '5.0']) assert.ok(texts.includes(figure), figure);
    assert.deepEqual(
      ['sky', 'none', 'mean', 'clean', 'attacked', 'IoU'].map((name) => texts.includes(name)),
      [true, false, true, true, true, true],
    );
  });
});
