import assert from 'node:assert/strict';
import { addScene, createEvaluationTally, type SceneCounts } from '../../src/shared/evaluation.js';
import { tallyParts, toEvaluationPart } from '../../src/shared/evaluation-part.js';

const CLASSES = 3;
const IGNORED = 2;

/** Counts and figures whose sums depend on their order. */
function sceneOf(i: number): SceneCounts {
  const counts = Float64Array.from({ length: CLASSES ** 2 }, (_, k) =>
    k < CLASSES * IGNORED ? (i * 31 + k * 17) % 101 : 0,
  );
  const figures = {
    l2: 1 / (i + 3),
    linf: i / 255,
    psnrDb: i % 4 === 0 ? null : 30 + 0.1 * i,
    ssim: 0.1 * i,
  };
  return {
    matrix: { classCount: CLASSES, counts },
    attack: {
      matrix: { classCount: CLASSES, counts: counts.map((count) => count >> 1) },
      perturbation: figures,
      flippedShare: 1 / (7 + i),
    },
  };
}

describe('tallyParts', () => {
  const scenes = Array.from({ length: 23 }, (_, i) => sceneOf(i));
  const table = { classCount: CLASSES, ignoreIndex: IGNORED };

  for (const size of [1, 4, 23]) {
    it(`makes of parts of ${size} the same as of the scenes one by one, through JSON and to the last bit`, () => {
      const whole = createEvaluationTally(CLASSES);
      for (const scene of scenes) addScene(whole, scene, IGNORED);
      const parts = Array.from({ length: Math.ceil(scenes.length / size) }, (_, i) =>
        toEvaluationPart(scenes.slice(i * size, (i + 1) * size), table),
      );
      const kept = JSON.parse(JSON.stringify(parts)) as typeof parts;
      assert.deepEqual(tallyParts(kept, CLASSES), whole);
    });
  }

  it('refuses a part of other classes', () => {
    const part = toEvaluationPart(scenes, table);
    assert.throws(() => tallyParts([part], CLASSES + 1), { code: 'SHAPE_MISMATCH' });
  });
});
