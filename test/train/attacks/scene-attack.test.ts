import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { readHashedCheckpoint } from '../../../src/export/hashed-checkpoint.js';
import type { Scene } from '../../../src/data/dataset.js';
import { type ErrorCode, isSegprobeError } from '../../../src/shared/errors.js';
import { ATTACKS } from '../../../src/train/attacks/index.js';
import {
  createSceneAttack,
  type SceneAttackOptions,
} from '../../../src/train/attacks/scene-attack.js';
import { drawScene } from '../../support/datasets.js';
import { useNativeTensorFlow } from '../../support/tensorflow.js';

const hasErrorCode = (code: ErrorCode) => (error: unknown) => isSegprobeError(error, code);

/** A trained network: of a random one, gradients say little about the next step. */
const VICTIM = fileURLToPath(new URL('../../../save/enet-camvid', import.meta.url));
const SIZE = { height: 32, width: 48 };

describe('createSceneAttack', function () {
  this.timeout(60_000);
  useNativeTensorFlow();
  const scenes = [0, 1].map((index) => drawScene(index, SIZE));
  let options: SceneAttackOptions;
  before(async () => {
    const { checkpoint, weightsFile } = await readHashedCheckpoint(VICTIM);
    options = {
      victim: { ...checkpoint, weightsFile },
      ...{ attack: ATTACKS['pgd']!, size: SIZE, batchSizes: [1, 2] },
      budget: { norm: 'linf', epsilon: 4 / 255 },
      effort: { steps: 5, seed: 1 },
      goal: { kind: 'untargeted' },
    };
  });

  async function attacked(
    own: Partial<SceneAttackOptions>,
    given: readonly Scene[] = scenes,
  ): Promise<Uint8Array[]> {
    const attack = createSceneAttack({ ...options, ...own });
    try {
      return await attack.attack(given);
    } finally {
      attack.dispose();
    }
  }
  const changes = (before: Uint8Array, after: Uint8Array): number[] =>
    Array.from(before, (value, i) => after[i]! - value);

  it('keeps an L∞ budget to the last of its 8-bit steps, and uses it', async () => {
    const pictures = await attacked({});
    scenes.forEach(({ image }, n) => {
      const steps = changes(image, pictures[n]!).map(Math.abs);
      assert.equal(Math.max(...steps), 4);
    });
  });

  it('rounds a budget between two steps down', async () => {
    const [picture] = await attacked({ budget: { norm: 'linf', epsilon: 2.9 / 255 } });
    assert.equal(Math.max(...changes(scenes[0]!.image, picture!).map(Math.abs)), 2);
  });

  it('keeps an L2 budget as pictures of 8 bits', async () => {
    const epsilon = 3;
    const pictures = await attacked({ budget: { norm: 'l2', epsilon } });
    scenes.forEach(({ image }, n) => {
      const length = Math.hypot(...changes(image, pictures[n]!).map((step) => step / 255));
      assert.ok(length <= epsilon && length > 0.5 * epsilon, `${length}`);
    });
  });

  it('attacks each scene as it would alone, by FGSM', async () => {
    const fgsm = { attack: ATTACKS['fgsm']! };
    const [together, alone] = [await attacked(fgsm), await attacked(fgsm, [scenes[1]!])];
    assert.deepEqual(together[1], alone[0]);
  });

  it('makes the same of the same seed', async () => {
    assert.deepEqual(await attacked({}), await attacked({}));
  });

  it('is cancelled between two steps', async () => {
    const attack = createSceneAttack(options);
    try {
      await assert.rejects(attack.attack(scenes, AbortSignal.abort()), hasErrorCode('CANCELLED'));
    } finally {
      attack.dispose();
    }
  });

  it('refuses a budget under one step of 8 bits, and one that is none', () => {
    for (const epsilon of [0.5 / 255, 0, -1, NaN]) {
      assert.throws(
        () => createSceneAttack({ ...options, budget: { norm: 'linf', epsilon } }),
        hasErrorCode('USAGE'),
      );
    }
  });
});
