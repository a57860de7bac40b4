import * as tf from '@tensorflow/tfjs';
import { jit } from '../../graph/recorder.js';
import { withGradient } from './with-gradient.js';

/**
 * 1 − the mean over a batch's classes of their soft IoU, in which probabilities stand for predictions: of class c
 * `Σ p[c]·y[c] / Σ (p[c] + y[c] − p[c]·y[c])`, over all pixels of the batch. Rare classes count as much as others, and a class that is
 * predicted too often costs as much as one that is missed; cross entropy knows neither.
 *
 * @param logits - float32 `[N, H, W, K]`.
 * @param labels - int32 `[N, H, W]`, each in 0..K−1.
 * @param counts - float32 `[K]`: 0 for a class whose pixels are ignored, else 1. Classes without a pixel in the batch do not count.
 * @returns float32 scalar in 0..1; the caller disposes it. Gradients flow to the logits alone.
 * @see https://doi.org/10.1007/978-3-319-50835-1_22
 */
export function softIouLoss(logits: tf.Tensor4D, labels: tf.Tensor, counts: tf.Tensor): tf.Scalar {
  const classCount = logits.shape[3];
  const flatLabels = tf.reshape<tf.Rank.R1>(labels, [-1]);
  const mask = tf.reshape(tf.gather(counts, flatLabels), [-1, 1]); // [P,1]
  // WebAssembly writes the bits of integers into a one-hot tensor of float32.
  const chosen = tf.cast(tf.oneHot(flatLabels, classCount), 'float32');
  const right = tf.mul(chosen, mask); // [P,K]
  return withGradient([logits], (save) => {
    const probability = tf.softmax(tf.reshape<tf.Rank.R2>(logits, [-1, classCount]));
    const [both, seen] = products(probability, right, mask);
    const intersection = tf.sum(both!, 0, true); // [1,K]
    const labelled = tf.sum(right, 0, true);
    const union = tf.sub(tf.add(tf.sum(seen!, 0, true), labelled), intersection);
    const present = tf.cast(tf.greater(labelled, 0), 'float32');
    const share = tf.div(present, tf.maximum(tf.sum(present), 1)); // of each class in the mean
    const iou = tf.div(intersection, tf.maximum(union, LEAST_UNION));
    save([probability, right, mask, share, iou, union]);
    return {
      value: tf.sub(1, tf.sum(tf.mul(share, iou))),
      gradient: (dy, [p, y, m, ...classes]) => {
        const [slopeRight, slopeWrong] = slopes(classes as Classes);
        const byProbability = probabilitySlope(y!, m!, slopeRight, slopeWrong, dy)[0]!;
        const mean = tf.sum(tf.mul(byProbability, p!), 1, true);
        return [tf.reshape(softmaxSlope(p!, byProbability, mean)[0]!, logits.shape)];
      },
    };
  }) as tf.Scalar;
}

/** No class that has a pixel has a smaller union: there is at least that pixel. */
const LEAST_UNION = 1;

type Classes = [share: tf.Tensor, iou: tf.Tensor, union: tf.Tensor];

/** The derivative of the mean IoU by a pixel's probability of a class `[1, K]`: where that class is right, and where it is not. */
function slopes([share, iou, union]: Classes): [tf.Tensor, tf.Tensor] {
  const each = tf.div(share, tf.maximum(union, LEAST_UNION));
  return [each, tf.neg(tf.mul(each, iou))];
}

const products = jit('softIou', (p, y, m) => [tf.mul(p, y), tf.mul(p, m)]);

const probabilitySlope = jit('softIouGradient', (y, m, slopeRight, slopeWrong, dy) => {
  const own = tf.where(tf.greater(y, 0), slopeRight, slopeWrong);
  return tf.mul(tf.mul(own, m), tf.neg(dy));
});

const softmaxSlope = jit('softmaxGradient', (p, slope, mean) => tf.mul(p, tf.sub(slope, mean)));
