import * as tf from '@tensorflow/tfjs';
import { jit } from '../../graph/recorder.js';
import { withGradient } from '../kernels/with-gradient.js';

/** What an attack raises at each pixel. */
export const OBJECTIVES = [
  'cross-entropy',
  'masked-cross-entropy',
  'margin',
  'segpgd',
  'cospgd',
] as const;
export type ObjectiveName = (typeof OBJECTIVES)[number];

/** What an objective of pixels reads. */
interface Pixels {
  /** `[P, K]`. */
  readonly logits: tf.Tensor;
  /** The class that is led away from, or towards: `[P, K]`. */
  readonly oneHot: tf.Tensor;
  /** How much of the attack is done, a scalar in 0..1. */
  readonly progress: tf.Tensor;
  /** 1 leads away from the class, −1 towards it. */
  readonly sign: tf.Tensor;
}

/** What each pixel adds `[P, 1]`, and its derivative by the logits `[P, K]`. */
type PixelObjective = (pixels: Pixels) => { value: tf.Tensor; slope: tf.Tensor };

/** −log p of the right class. */
const crossEntropy = (logits: tf.Tensor, oneHot: tf.Tensor) => {
  const shifted = tf.sub(logits, tf.max(logits, 1, true));
  const logSum = tf.log(tf.sum(tf.exp(shifted), 1, true));
  const probabilities = tf.exp(tf.sub(shifted, logSum));
  return {
    value: tf.sub(logSum, right(shifted, oneHot)),
    slope: tf.sub(probabilities, oneHot),
    probabilities,
  };
};

/** Cross entropy, up or down, times a weight that the gradient takes as given. */
const weighted = (
  { value, slope }: ReturnType<typeof crossEntropy>,
  sign: tf.Tensor,
  weight: tf.Tensor = tf.scalar(1),
): ReturnType<PixelObjective> => {
  const factor = tf.mul(sign, weight);
  return { value: tf.mul(value, factor), slope: tf.mul(slope, factor) };
};

/** A share in 0..1 of what is left to do, where `share` is of pixels that are of the class: all of it to lead away, none to lead towards. */
const left = (share: tf.Tensor, sign: tf.Tensor): tf.Tensor =>
  tf.add(tf.mul(share, sign), tf.div(tf.sub(1, sign), 2));

/** The logit of the right class `[P, 1]`. */
const right = (logits: tf.Tensor, oneHot: tf.Tensor): tf.Tensor =>
  tf.sum(tf.mul(logits, oneHot), 1, true);

/** The largest logit of another class `[P, 1]`. */
const rival = (logits: tf.Tensor, oneHot: tf.Tensor): tf.Tensor =>
  tf.max(tf.sub(logits, tf.mul(oneHot, 1e9)), 1, true);

/** 1 where the network is right, else 0: `[P, 1]`. */
const isRight = (logits: tf.Tensor, oneHot: tf.Tensor): tf.Tensor =>
  tf.cast(tf.greaterEqual(right(logits, oneHot), rival(logits, oneHot)), 'float32');

const PIXEL_OBJECTIVES: Readonly<Record<ObjectiveName, PixelObjective>> = {
  'cross-entropy': ({ logits, oneHot, sign }) => weighted(crossEntropy(logits, oneHot), sign),
  // Pixels that are as they are to be are left alone: the budget goes to those that are not.
  'masked-cross-entropy': ({ logits, oneHot, sign }) =>
    weighted(crossEntropy(logits, oneHot), sign, left(isRight(logits, oneHot), sign)),
  // Of Carlini and Wagner (arXiv:1608.04644): the rival's lead, of no more worth once it leads; the other way round to lead towards.
  margin: ({ logits, oneHot, sign }) => {
    const best = rival(logits, oneHot);
    const lead = tf.mul(sign, tf.sub(best, right(logits, oneHot)));
    const others = tf.sub(logits, tf.mul(oneHot, 1e9));
    const isBest = tf.cast(tf.greaterEqual(others, best), 'float32');
    const isOpen = tf.mul(sign, tf.cast(tf.less(lead, 0), 'float32'));
    return {
      value: tf.minimum(lead, 0),
      slope: tf.mul(tf.sub(isBest, oneHot), isOpen),
    };
  },
  // arXiv:2207.12391: first the pixels that are not there yet, towards the end the others as well, so that they stay.
  segpgd: ({ logits, oneHot, progress, sign }) => {
    const share = tf.div(progress, 2);
    const open = left(isRight(logits, oneHot), sign);
    const weight = tf.add(share, tf.mul(open, tf.sub(1, tf.mul(share, 2))));
    return weighted(crossEntropy(logits, oneHot), sign, weight);
  },
  // arXiv:2302.02213: by how well the prediction points along the label, the cosine of p and the one-hot; to lead towards, by how badly.
  cospgd: ({ logits, oneHot, sign }) => {
    const entropy = crossEntropy(logits, oneHot);
    const { probabilities } = entropy;
    const length = tf.sqrt(tf.sum(tf.square(probabilities), 1, true));
    const cosine = tf.div(right(probabilities, oneHot), length);
    return weighted(entropy, sign, left(cosine, sign));
  },
};

const COMPILED = Object.fromEntries(
  Object.entries(PIXEL_OBJECTIVES).map(([name, objective]) => [
    name,
    jit(name, (logits, oneHot, progress, sign, share) => {
      const { value, slope } = objective({
        ...{ logits: logits, oneHot: oneHot },
        ...{ progress: progress, sign: sign },
      });
      return [tf.mul(value, share), tf.mul(slope, share)];
    }),
  ]),
) as Readonly<Record<ObjectiveName, (...tensors: tf.Tensor[]) => tf.Tensor[]>>;

/**
 * What an attack raises: the mean over each image's pixels, as one number an image, so that the gradient by one
 * image does not depend on the batch it is in.
 *
 * @param logits - float32 `[N, H, W, K]`.
 * @param label - int32 `[N, H, W]`, each in 0..K−1: the classes that the attack leads away from, or towards.
 * @param weight - float32 `[N, H, W]`: how much each pixel counts; 0 for one that is not labelled.
 * @param progress - float32 scalar: the share of the attack's steps that are done.
 * @param sign - float32 scalar: 1 leads away from the labels, −1 towards them.
 * @returns float32 `[N]`, 0 for an image in which nothing counts; the caller disposes it. Gradients flow to the logits alone.
 */
export function attackObjective(
  name: ObjectiveName,
  logits: tf.Tensor4D,
  {
    label,
    weight,
    progress,
    sign,
  }: { label: tf.Tensor; weight: tf.Tensor; progress: tf.Tensor; sign: tf.Tensor },
): tf.Tensor1D {
  const [count, height, width, classCount] = logits.shape;
  return withGradient([logits], (save) => {
    const oneHot = tf.oneHot(tf.reshape<tf.Rank.R1>(label, [-1]), classCount);
    const total = tf.sum(weight, [1, 2], true);
    const share = tf.reshape(tf.div(weight, tf.maximum(total, 1e-6)), [-1, 1]);
    const flat = tf.reshape(logits, [-1, classCount]);
    const [value, slope] = COMPILED[name](flat, tf.cast(oneHot, 'float32'), progress, sign, share);
    save([tf.reshape(slope!, logits.shape)]);
    return {
      value: tf.sum(tf.reshape(value!, [count, height * width]), 1),
      gradient: (dy, [saved]) => [tf.mul(saved!, tf.reshape(dy, [count, 1, 1, 1]))],
    };
  }) as tf.Tensor1D;
}
