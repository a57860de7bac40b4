import * as tf from '@tensorflow/tfjs';
import { attackObjective, type ObjectiveName, OBJECTIVES } from '../attacks/objective.js';
import { crossEntropy } from '../kernels/cross-entropy.js';
import { l2Norm } from '../kernels/l2-norm.js';
import { type AttackerLoss, ancestorLoss } from './loss.js';

/** The batch that the Malicious Autoencoder was trained with: what its loss weighs distance and entropy for. */
const ANCESTOR_BATCH = 10;

/**
 * The Malicious Autoencoder's loss as it is with its own batch size, for any: the distance is that of ten images of the batch's
 * mean square.
 */
export const meanLoss: AttackerLoss = (scenes) => {
  const { image, attacked, logits, label, classWeights } = scenes;
  const [count] = image.shape;
  const whole = l2Norm(tf.sub(attacked, image));
  const distance = tf.mul<tf.Scalar>(whole, Math.sqrt(ANCESTOR_BATCH / count));
  const entropy = crossEntropy(logits, label, classWeights);
  const loss = tf.sub<tf.Scalar>(tf.mul(distance, 0.1), tf.mul(entropy, 100));
  return { loss, distance, crossEntropy: entropy };
};

/**
 * What an attack on single images raises, lowered: for attackers that are within a budget by construction, whose distance
 * needs no place in the loss. Each pixel counts by its class's weight.
 */
function objectiveLoss(name: ObjectiveName): AttackerLoss {
  return ({ image, attacked, logits, label, classWeights }) => {
    const weight = tf.reshape(
      tf.gather(classWeights, tf.reshape<tf.Rank.R1>(label, [-1])),
      label.shape,
    );
    // A training has no end that it comes nearer to: SegPGD's weighting stays halfway.
    const goal = { label, weight, progress: tf.scalar(0.5) };
    return {
      loss: tf.neg(tf.mean<tf.Scalar>(attackObjective(name, logits, goal))),
      distance: l2Norm(tf.sub(attacked, image)),
      crossEntropy: crossEntropy(logits, label, classWeights),
    };
  };
}

/** The names that `--loss` takes. */
export const ATTACKER_LOSS_NAMES = ['ancestor', 'mean', ...OBJECTIVES] as const;
export type AttackerLossName = (typeof ATTACKER_LOSS_NAMES)[number];

/** Every loss that an attacker can be trained by. */
export const ATTACKER_LOSSES: Readonly<Record<AttackerLossName, AttackerLoss>> = {
  ancestor: ancestorLoss,
  mean: meanLoss,
  ...(Object.fromEntries(OBJECTIVES.map((name) => [name, objectiveLoss(name)])) as Record<
    ObjectiveName,
    AttackerLoss
  >),
};
