import assert from 'node:assert/strict';
import type { AttackedScenes } from '../../../src/train/attackers/loss.js';
import { ATTACKER_LOSSES } from '../../../src/train/attackers/losses.js';
import {
  describeOnEveryBackend,
  ndArray,
  type NdArrays,
  randomArray,
} from '../../support/tensorflow.js';

const [H, W, K] = [2, 3, 4];

/** `copies` of the same image, its attacked form, label and logits. */
function scenes(copies: number): NdArrays {
  const repeat = (values: ArrayLike<number>): number[] =>
    Array.from({ length: copies }, () => Array.from(values)).flat();
  const image = randomArray([1, H, W, 3], 1, 0, 1);
  const attacked = randomArray([1, H, W, 3], 2, 0, 1);
  const logits = randomArray([1, H, W, K], 3, -2, 2);
  return {
    image: ndArray([copies, H, W, 3], repeat(image.values)),
    attacked: ndArray([copies, H, W, 3], repeat(attacked.values)),
    logits: ndArray([copies, H, W, K], repeat(logits.values)),
    label: ndArray([copies, H, W], repeat([0, 1, 2, 3, 0, 1]), 'int32'),
    classWeights: ndArray([K], [1, 2, 0.5, 0]),
  };
}

describeOnEveryBackend('ATTACKER_LOSSES', (evaluate) => {
  const terms = (name: keyof typeof ATTACKER_LOSSES, copies: number) => {
    const { loss, distance, crossEntropy } = evaluate(scenes(copies), (inputs) => ({
      ...ATTACKER_LOSSES[name](inputs as unknown as AttackedScenes),
    }));
    return {
      loss: loss!.values[0]!,
      distance: distance!.values[0]!,
      entropy: crossEntropy!.values[0]!,
    };
  };
  const close = (a: number, b: number): void =>
    assert.ok(Math.abs(a - b) <= 1e-4 * Math.max(1, Math.abs(b)), `${a}, ${b}`);

  it("mean is the ancestor's with its batch of ten, and the same with any other", () => {
    const ten = terms('ancestor', 10);
    for (const copies of [1, 4, 10]) close(terms('mean', copies).loss, ten.loss);
    assert.ok(Math.abs(terms('ancestor', 1).loss - ten.loss) > 0.01);
  });

  for (const name of [
    'cross-entropy',
    'masked-cross-entropy',
    'margin',
    'segpgd',
    'cospgd',
  ] as const) {
    it(`${name} does not depend on the batch's size either, nor on the distance`, () => {
      close(terms(name, 3).loss, terms(name, 1).loss);
      assert.ok(Number.isFinite(terms(name, 1).loss));
    });
  }

  it('cross-entropy is the weighted mean, lowered', () => {
    const { loss, entropy } = terms('cross-entropy', 1);
    close(loss, -entropy);
  });
});
