import * as tf from '@tensorflow/tfjs';
import type { AttackerGoal } from './goal.js';
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
 * needs no place in the loss. Each pixel counts by its class's weight, or as the goal has it.
 */
function objectiveLoss(name: ObjectiveName, goal: AttackerGoal): AttackerLoss {
  return ({ image, attacked, logits, label, classWeights }) => {
    const { wanted, weight } = goalPixels(goal, label, classWeights);
    // A training has no end that it comes nearer to: SegPGD's weighting stays halfway.
    const sign = tf.scalar(goal.kind === 'become' ? -1 : 1);
    const pixels = { label: wanted, weight, progress: tf.scalar(0.5), sign };
    const raised = tf.mean<tf.Scalar>(attackObjective(name, logits, pixels));
    return {
      loss: tf.neg(raised),
      distance: l2Norm(tf.sub(attacked, image)),
      crossEntropy: crossEntropy(logits, label, classWeights),
    };
  };
}

/** The class that each pixel is led away from, or towards, and how much it counts: both `[N, H, W]`. */
function goalPixels(
  goal: AttackerGoal,
  label: tf.Tensor3D,
  classWeights: tf.Tensor1D,
): { wanted: tf.Tensor; weight: tf.Tensor } {
  const flat = tf.reshape<tf.Rank.R1>(label, [-1]);
  const weight = tf.reshape(tf.gather(classWeights, flat), label.shape);
  switch (goal.kind) {
    case 'untargeted':
      return { wanted: label, weight };
    case 'vanish': {
      const isOfClass = tf.equal(label, tf.scalar(goal.classNumber, 'int32'));
      return { wanted: label, weight: tf.mul(weight, tf.cast(isOfClass, 'float32')) };
    }
    case 'become':
      return { wanted: tf.fill(label.shape, goal.classNumber, 'int32'), weight };
  }
}

/** The names that `--loss` takes. */
export const ATTACKER_LOSS_NAMES = ['ancestor', 'mean', ...OBJECTIVES] as const;
export type AttackerLossName = (typeof ATTACKER_LOSS_NAMES)[number];

/** What an attacker is trained by; the ancestor's losses know no goal but `untargeted`. */
export function attackerLoss(
  name: AttackerLossName,
  goal: AttackerGoal = { kind: 'untargeted' },
): AttackerLoss {
  if (name === 'ancestor') return ancestorLoss;
  return name === 'mean' ? meanLoss : objectiveLoss(name, goal);
}
