import * as tf from '@tensorflow/tfjs';
import { crossEntropy } from '../kernels/cross-entropy.js';
import { l2Norm } from '../kernels/l2-norm.js';

/** What an attacker's loss is made of. */
export interface AttackedScenes {
  /** float32 `[N, H, W, 3]`, RGB in 0..1. */
  readonly image: tf.Tensor4D;
  /** What the attacker makes of it. */
  readonly attacked: tf.Tensor4D;
  /** float32 `[N, H, W, K]`: what the victim says of the attacked picture. */
  readonly logits: tf.Tensor4D;
  /** int32 `[N, H, W]`. */
  readonly label: tf.Tensor3D;
  /** float32 `[K]`; 0 ignores a class. */
  readonly classWeights: tf.Tensor1D;
}

/** Scalars, float32. */
export interface AttackerLossTerms {
  /** What training lowers. */
  readonly loss: tf.Scalar;
  /** How far the attacked pictures are from the pictures. */
  readonly distance: tf.Scalar;
  /** The victim's. */
  readonly crossEntropy: tf.Scalar;
}

/** A loss that an attacker can be trained by. */
export type AttackerLoss = (scenes: AttackedScenes) => AttackerLossTerms;

/**
 * The Malicious Autoencoder's: `0.1·‖x′ − x‖₂ − 100·CE`, the norm over the whole batch, so that it depends on the batch's size,
 * and the cross entropy a mean, without bound.
 *
 * @see https://github.com/shguan10/cat_coop
 */
export const ancestorLoss: AttackerLoss = ({ image, attacked, logits, label, classWeights }) => {
  const distance = l2Norm(tf.sub(attacked, image));
  const entropy = crossEntropy(logits, label, classWeights);
  const loss = tf.sub<tf.Scalar>(tf.mul(distance, 0.1), tf.mul(entropy, 100));
  return { loss, distance, crossEntropy: entropy };
};
