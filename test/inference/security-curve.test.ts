import assert from 'node:assert/strict';
import {
  type CurvePoint,
  doubts,
  formatEpsilon,
  securityCurve,
} from '../../src/inference/security-curve.js';
import { openModel } from '../../src/inference/open-model.js';
import type { EvaluationResult } from '../../src/shared/evaluation.js';
import { createMemoryDataset } from '../support/memory-dataset.js';
import { testPicture } from '../support/rgb-pictures.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTinyVictim } from '../support/tiny-models.js';

describe('doubts', () => {
  const point = (method: string, steps: number, miouAttacked: number): CurvePoint => ({
    method,
    epsilon: steps / 255,
    result: { miouAttacked } as EvaluationResult,
  });
  const methods = [
    { name: 'pgd', isControl: false },
    { name: 'noise', isControl: true },
  ];

  it('has none where an attack does more than noise, and more with more', () => {
    const points = [
      ...[point('pgd', 1, 0.4), point('noise', 1, 0.7)],
      ...[point('pgd', 8, 0.1), point('noise', 8, 0.5)],
    ];
    assert.deepEqual(doubts(points, methods), []);
  });

  it('doubts an attack that does no more than noise of its norm', () => {
    const found = doubts([point('pgd', 8, 0.5), point('noise', 8, 0.5)], methods);
    assert.equal(found.length, 1);
    assert.match(found[0]!, /^pgd at 8\/255 leaves more mIoU than noise/);
  });

  it('doubts an attack that does less with more, beyond a hundredth', () => {
    const found = doubts(
      [point('pgd', 2, 0.3), point('pgd', 4, 0.305), point('pgd', 8, 0.32)],
      methods,
    );
    assert.equal(found.length, 1);
    assert.match(found[0]!, /^pgd at 8\/255 leaves more mIoU than with a smaller budget/);
  });
});

describe('formatEpsilon', () => {
  it('writes whole steps of 8 bits as such', () => {
    assert.deepEqual([8 / 255, 1, 0.01, 12].map(formatEpsilon), ['8/255', '255/255', '0.01', '12']);
  });
});

describe('securityCurve', () => {
  let folder: string;
  let remove: () => Promise<void>;
  before(async () => ({ folder, remove } = await scratchFolder()));
  after(() => remove());

  it('measures each method at each strength, in order, and hears where no gradient was', async () => {
    const victim = await openModel(await writeTinyVictim(folder, 'tiny'));
    const classTable = {
      classes: ['red', 'green', 'blue', 'none'].map((name) => ({
        name,
        color: [0, 0, 0] as const,
      })),
      ignoreIndex: 3,
    };
    const { data, width, height } = testPicture(24, 16);
    const size = { width, height };
    const labels = Array.from({ length: 3 }, () => new Array<number>(width * height).fill(0));
    const black = createMemoryDataset(labels, { size, classTable });
    const dataset = {
      ...black,
      read: async (index: number) => ({ ...(await black.read(index, size)), image: data }),
    };
    const disposed: number[] = [];
    const { points, warnings } = await securityCurve(dataset, {
      victim,
      epsilons: [1 / 255, 4 / 255],
      threads: 1,
      methods: ['darker', 'still'].map((name) => ({
        name,
        isControl: name === 'still',
        at: (epsilon) => ({
          name,
          batchSize: 2,
          withoutGradient: name === 'darker' && epsilon > 2 / 255 ? 2 : 0,
          perturb: (group) =>
            Promise.resolve(
              group.map(({ image }) =>
                name === 'still'
                  ? image
                  : image.map((value) => Math.max(0, value - Math.round(255 * epsilon))),
              ),
            ),
          dispose: () => disposed.push(epsilon),
        }),
      })),
    });
    assert.deepEqual(
      points.map(({ method, epsilon, result }) => [method, Math.round(255 * epsilon), result.linf]),
      [
        ['darker', 1, 1 / 255],
        ['still', 1, 0],
        ['darker', 4, 4 / 255],
        ['still', 4, 0],
      ],
    );
    assert.equal(disposed.length, 4);
    assert.match(
      warnings[0]!,
      /^darker at 4\/255: the gradient is 0 everywhere in 2 of 3 pictures/,
    );
  });
});
