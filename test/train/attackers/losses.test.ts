import assert from 'node:assert/strict';
import type { AttackedScenes } from '../../../src/train/attackers/loss.js';
import { attackerLoss, type AttackerLossName } from '../../../src/train/attackers/losses.js';
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

describeOnEveryBackend('attackerLoss', (evaluate) => {
  const terms = async (name: AttackerLossName, copies: number) => {
    const { loss, distance, crossEntropy } = await evaluate(scenes(copies), (inputs) => ({
      ...attackerLoss(name)(inputs as unknown as AttackedScenes),
    }));
    return {
      loss: loss!.values[0]!,
      distance: distance!.values[0]!,
      entropy: crossEntropy!.values[0]!,
    };
  };
  const close = (a: number, b: number): void =>
    assert.ok(Math.abs(a - b) <= 1e-4 * Math.max(1, Math.abs(b)), `${a}, ${b}`);

  it("mean is the ancestor's with its batch of ten, and the same with any other", async () => {
    const ten = await terms('ancestor', 10);
    for (const copies of [1, 4, 10]) close((await terms('mean', copies)).loss, ten.loss);
    assert.ok(Math.abs((await terms('ancestor', 1)).loss - ten.loss) > 0.01);
  });

  for (const name of [
    'cross-entropy',
    'masked-cross-entropy',
    'margin',
    'segpgd',
    'cospgd',
  ] as const) {
    it(`${name} does not depend on the batch's size either, nor on the distance`, async () => {
      const { loss } = await terms(name, 1);
      close((await terms(name, 3)).loss, loss);
      assert.ok(Number.isFinite(loss));
    });
  }

  it('cross-entropy is the weighted mean, lowered', async () => {
    const { loss, entropy } = await terms('cross-entropy', 1);
    close(loss, -entropy);
  });

  it('counts the pixels of one class where that is to vanish', async () => {
    const { logits, label } = scenes(1);
    const { loss } = await evaluate(scenes(1), (inputs) => ({
      ...attackerLoss('cross-entropy', { kind: 'vanish', classNumber: 1 })(
        inputs as unknown as AttackedScenes,
      ),
    }));
    const pixels = [...label!.values].flatMap((own, i) => (own === 1 ? [i] : []));
    assert.equal(pixels.length, 2);
    const entropies = pixels.map((pixel) => entropyOf(logits!.values, pixel, 1));
    close(loss!.values[0]!, -(entropies[0]! + entropies[1]!) / 2);
  });

  it('leads all pixels towards the class that they are to become', async () => {
    const { logits, label } = scenes(1);
    const { loss } = await evaluate(scenes(1), (inputs) => ({
      ...attackerLoss('cross-entropy', { kind: 'become', classNumber: 2 })(
        inputs as unknown as AttackedScenes,
      ),
    }));
    const weights = [...label!.values].map((own) => [1, 2, 0.5, 0][own]!);
    const sum = weights.reduce((total, weight) => total + weight, 0);
    const expected = weights.reduce(
      (total, weight, pixel) => total + (weight / sum) * entropyOf(logits!.values, pixel, 2),
      0,
    );
    close(loss!.values[0]!, expected);
  });
});

/** −log p of a class at a pixel. */
function entropyOf(logits: ArrayLike<number>, pixel: number, classNumber: number): number {
  const own = Array.from({ length: K }, (_, k) => logits[pixel * K + k]!);
  return Math.log(own.reduce((sum, logit) => sum + Math.exp(logit), 0)) - own[classNumber]!;
}
