/**
 * PReLU and ReLU have a kink at 0, where the gradient jumps. Among the 4.5 million numbers that the activations of a training
 * step see, some lie so near to 0 that rounding decides their side; two correct implementations then differ in their gradients
 * by a hundredth, and PyTorch's float32 from its own float64 no less. To compare gradients more strictly than that, this finds
 * the elements at which another implementation's run took the other side, and takes that side.
 *
 * It works from the output backwards. Every activation follows a batch normalisation, whose offset has for its gradient, in
 * each channel, the sum of what is passed back to it: an element on the other side changes that sum by an amount that is known
 * beforehand. Only elements within {@link NEAR} of 0 may change sides, and only where a few of them explain the difference of
 * a channel that stands out. A wrong gradient is wrong in places and by amounts that no such elements explain.
 */
import * as tf from '@tensorflow/tfjs';
import { crossEntropy } from '../../src/train/kernels/cross-entropy.js';
import type { Model } from '../../src/train/models/model.js';
import {
  type NamedTensors,
  type PackedWeights,
  unpackParameters,
} from '../../src/train/packing.js';
import { createTrainingPass } from '../../src/train/pass.js';
import { tidily } from '../support/tensorflow.js';

/** How far from 0 an element may be to change sides, as a share of its layer's root mean square. */
export const NEAR = 1e-4;

/** A channel stands out whose difference is this many times the median channel's … */
const OUTSTANDING = 8;
/** … and this share of the norm of its layer's gradient. */
const NOTABLE = 3e-6;
/** The share of a difference that elements on the other side must explain. */
const EXPLAINED = 0.8;
/** Of more candidates than this in one channel, those nearest to 0 are tried. */
const MAX_CANDIDATES = 12;

export interface TrainingCase {
  readonly model: Model;
  readonly weights: PackedWeights;
  readonly image: tf.Tensor4D;
  readonly label: tf.Tensor;
  readonly classWeights: tf.Tensor;
}

/** An element of what an activation sees, and the side of 0 to put it on. */
export interface Placement {
  readonly layer: string;
  readonly index: number;
  readonly positive: boolean;
}

export interface Side extends Placement {
  /** How far it was from 0, as a share of the layer's root mean square. */
  readonly nearness: number;
}

/** What an activation sees, NHWC. */
interface Seen {
  readonly values: Float32Array;
  readonly channels: number;
  readonly rms: number;
  /** The gradient of the loss with respect to `values`. */
  readonly gradient: Float32Array;
}

export interface StepResult {
  readonly loss: number;
  readonly gradients: NamedTensors;
  readonly seen: ReadonlyMap<string, Seen>;
}

/** Computes loss and gradients with some elements put on given sides. */
export function runStep(
  { model, weights, image, label, classWeights }: TrainingCase,
  sides: readonly Placement[],
): StepResult {
  const seen = new Map<string, Seen>();
  const observe = (layer: string, x: tf.Tensor4D): tf.Tensor4D => {
    const values = x.dataSync<'float32'>();
    const rms = norm(values) / Math.sqrt(values.length);
    const entry = { values, channels: x.shape[3], rms, gradient: values };
    seen.set(layer, entry);
    const identity = tf.customGrad((input) => ({
      value: tf.clone(input as tf.Tensor),
      gradFunc: (dy: tf.Tensor) => {
        entry.gradient = dy.dataSync<'float32'>();
        return dy;
      },
    }));
    return identity(x) as tf.Tensor4D;
  };
  const placed = withSides(model, sides);
  return tidily(() => {
    const lossOf = tf.valueAndGrad((parameters: tf.Tensor) => {
      const pass = createTrainingPass(model.spec, parameters, tf.tensor1d([1, 2], 'int32'));
      const logits = placed.forward(image, {
        ...pass,
        observe: (_statistics, ...tensors) => tf.dispose(tensors),
        tap: observe,
      });
      return crossEntropy(logits, label, classWeights);
    });
    const { value, grad } = lossOf(tf.tensor1d(weights.parameters));
    return {
      loss: value.dataSync()[0]!,
      gradients: unpackParameters(model.spec, grad.dataSync<'float32'>()),
      seen,
    };
  });
}

/**
 * Puts what a model's activations see in training on given sides of 0, by mirroring elements that are not there: by as little as they are
 * from 0. Of two placements of one element the later counts. It can be recorded.
 */
export function withSides(model: Model, sides: readonly Placement[]): Model {
  const byLayer = new Map<string, Map<number, boolean>>();
  for (const { layer, index, positive } of sides) {
    const own = byLayer.get(layer) ?? new Map<number, boolean>();
    byLayer.set(layer, own.set(index, positive));
  }
  return {
    ...model,
    forward: (image, pass) => {
      if (!pass.training) return model.forward(image, pass);
      const tap = (layer: string, x: tf.Tensor4D): tf.Tensor4D => {
        const seen = pass.tap?.(layer, x) ?? x;
        const own = byLayer.get(layer);
        return own === undefined ? seen : place(seen, own);
      };
      return model.forward(image, { ...pass, tap });
    },
  };
}

function place(x: tf.Tensor4D, sides: ReadonlyMap<number, boolean>): tf.Tensor4D {
  const indices = tf.tensor2d([...sides.keys()], [sides.size, 1], 'int32');
  const signs = tf.tensor1d([...sides.values()].map((positive) => (positive ? 1 : -1)));
  const wanted = tf.reshape(tf.scatterND(indices, signs, [x.size]), x.shape);
  const mirrored = tf.customGrad((input) => {
    const distance = tf.maximum(tf.abs(input as tf.Tensor), 1e-30);
    const value = tf.where(tf.equal(wanted, 0), input as tf.Tensor, tf.mul(wanted, distance));
    return { value, gradFunc: (dy: tf.Tensor) => dy };
  });
  return mirrored(x) as tf.Tensor4D;
}

export interface SideSearch {
  /** The elements that had to change sides. */
  readonly changed: readonly Side[];
  /** All elements near 0 with their sides in `result`, so that another run takes the same. */
  readonly sides: readonly Side[];
  /** The step with these sides. */
  readonly result: StepResult;
}

/**
 * Finds the sides on which gradients of another implementation were computed.
 *
 * @param golden - those gradients by parameter, in PyTorch's layout.
 * @param maxRounds - how often sides may be changed; then the search ends with what it has.
 */
export function findSides(test: TrainingCase, golden: NamedTensors, maxRounds = 30): SideSearch {
  const natural = runStep(test, []);
  const changed: Side[] = [];
  const unexplained = new Set<string>();
  let result = natural;
  for (let round = 0; round < maxRounds; round++) {
    const last = lastOutstanding(test.model, result, golden, unexplained);
    if (last === undefined) break;
    const added = explain(test, result, changed, last);
    if (added.length === 0) {
      unexplained.add(last.offset);
      continue;
    }
    changed.push(...added);
    result = runStep(test, changed);
  }
  return { changed, sides: sidesOf(result, changed), result };
}

interface Outstanding {
  readonly offset: string;
  readonly differences: readonly number[];
  readonly channels: readonly number[];
}

/** The batch normalisation nearest to the output of which the offset's gradient stands out in some channels. */
function lastOutstanding(
  model: Model,
  { gradients }: StepResult,
  golden: NamedTensors,
  unexplained: ReadonlySet<string>,
): Outstanding | undefined {
  for (const offset of offsetsFromLast(model)) {
    if (unexplained.has(offset)) continue;
    const expected = golden.get(offset)!.data as Float32Array;
    const found = gradients.get(offset)!.data as Float32Array;
    const differences = Array.from(found, (value, channel) => value - expected[channel]!);
    const channels = outstandingChannels(differences, norm(expected));
    if (channels.length > 0) return { offset, differences, channels };
  }
  return undefined;
}

function sidesOf({ seen }: StepResult, changed: readonly Side[]): Side[] {
  return [...seen].flatMap(([layer, of]) =>
    nearZero(of).map((index) => ({
      layer,
      index,
      positive: sideOf(changed, layer, index) ?? of.values[index]! > 0,
      nearness: Math.abs(of.values[index]!) / of.rms,
    })),
  );
}

function sideOf(sides: readonly Side[], layer: string, index: number): boolean | undefined {
  return sides.findLast((side) => side.layer === layer && side.index === index)?.positive;
}

/** The offsets of all batch normalisations, the one nearest to the output first. */
function offsetsFromLast({ spec }: Model): string[] {
  const names = spec.parameters.map(({ name }) => name);
  return names.filter((name) => name.endsWith('.bias')).reverse();
}

function outstandingChannels(differences: readonly number[], norm: number): number[] {
  const sizes = differences.map((difference) => Math.abs(difference));
  const median = sizes.toSorted((a, b) => a - b)[Math.floor(sizes.length / 2)]!;
  const limit = Math.max(OUTSTANDING * median, NOTABLE * norm);
  return sizes.flatMap((size, channel) => (size > limit ? [channel] : []));
}

/** The elements near 0 which, on the other side, take the differences of these channels away. */
function explain(
  test: TrainingCase,
  { seen }: StepResult,
  sides: readonly Side[],
  { offset, differences, channels: outstanding }: Outstanding,
): Side[] {
  const layers = activationsAfter(offset);
  const [direct] = layers;
  const candidates = layers.flatMap((layer) =>
    nearZero(seen.get(layer)!, outstanding).map((index) => ({ layer, index })),
  );
  const isPositive = (layer: string, index: number): boolean =>
    sideOf(sides, layer, index) ?? seen.get(layer)!.values[index]! > 0;
  const derivative = (layer: string, on: boolean): number => (on ? 1 : slopeOf(test, layer));

  // What comes back to an element from the output; of a ReLU it shows only on the positive side.
  let probed: StepResult['seen'] | undefined;
  const cameBack = (layer: string, index: number, slope: number): number => {
    if (slope !== 0) return seen.get(layer)!.gradient[index]! / slope;
    const positive = candidates.map((candidate) => ({ ...candidate, positive: true }));
    probed ??= runStep(test, [...sides, ...positive]).seen;
    return probed.get(layer)!.gradient[index]!;
  };

  const effects = candidates.map(({ layer, index }) => {
    const { channels, rms, values } = seen.get(layer)!;
    const on = isPositive(layer, index);
    const through = layer === direct ? 1 : derivative(direct, isPositive(direct, index));
    const slope = derivative(layer, on);
    const jump = derivative(layer, !on) - slope;
    return {
      side: { layer, index, positive: !on, nearness: Math.abs(values[index]!) / rms },
      channel: index % channels,
      effect: jump * through * cameBack(layer, index, slope),
    };
  });
  return outstanding.flatMap((channel) => {
    const own = effects
      .filter((candidate) => candidate.channel === channel)
      .sort((a, b) => a.side.nearness - b.side.nearness)
      .slice(0, MAX_CANDIDATES);
    const difference = differences[channel]!;
    const chosen = bestSubset(own, -difference);
    const left = chosen.reduce((sum, { effect }) => sum + effect, difference);
    const explained = Math.abs(left) <= (1 - EXPLAINED) * Math.abs(difference);
    return explained ? chosen.map(({ side }) => side) : [];
  });
}

/** The activations between a batch normalisation and those that were looked at before: the next one first. */
function activationsAfter(offset: string): [string, ...string[]] {
  const [block, part, number] = offset.split('.') as [string, string, string];
  const last = `${block}.out_activation`;
  const hasNone = block.startsWith('upsample') && part === 'ext_conv2';
  if (part === 'batch_norm' || part === 'main_conv1' || hasNone) return [last];
  if (part === 'ext_tconv1_bnorm') return [`${block}.ext_tconv1_activation`];
  const next = `${block}.${part}.${Number(number) + 1}`;
  return part === 'ext_conv3' ? [next, last] : [next];
}

function nearZero({ values, channels, rms }: Seen, wanted?: readonly number[]): number[] {
  const found: number[] = [];
  for (let index = 0; index < values.length; index++) {
    // An exact 0 is no rounding: a ReLU before gave it.
    if (values[index] === 0 || Math.abs(values[index]!) > NEAR * rms) continue;
    if (wanted === undefined || wanted.includes(index % channels)) found.push(index);
  }
  return found;
}

/** The subset whose effects' sum comes nearest to `target`. */
function bestSubset<T extends { readonly effect: number }>(
  candidates: readonly T[],
  target: number,
): T[] {
  let best: T[] = [];
  let bestDistance = Math.abs(target);
  for (let mask = 1; mask < 2 ** candidates.length; mask++) {
    const subset = candidates.filter((_, i) => (mask >> i) & 1);
    const distance = Math.abs(target - subset.reduce((sum, { effect }) => sum + effect, 0));
    if (distance < bestDistance) [best, bestDistance] = [subset, distance];
  }
  return best;
}

/** An activation's slope below 0. */
function slopeOf({ model, weights }: TrainingCase, layer: string): number {
  const slope = unpackParameters(model.spec, weights.parameters).get(`${layer}.weight`);
  return slope === undefined ? 0 : Number(slope.data[0]);
}

export interface GradientError {
  readonly name: string;
  /** `‖found − golden‖ / ‖golden‖` */
  readonly ofNorm: number;
  /**
   * For the slope of a PReLU, the difference as a share of the root of the squares of the terms that its gradient sums: up to
   * 400,000 of both signs, which may leave a millionth of what they are without signs. Float32 does not hold such a rest to
   * any share of its own size.
   */
  readonly ofTerms?: number;
}

/** How far gradients are from golden ones, for each parameter. */
export function gradientErrors(
  { model, weights }: TrainingCase,
  gradients: NamedTensors,
  golden: NamedTensors,
  seen: StepResult['seen'],
): GradientError[] {
  const slopes = unpackParameters(model.spec, weights.parameters);
  return model.spec.parameters.map(({ name }) => {
    const expected = golden.get(name)!.data as Float32Array;
    const found = gradients.get(name)!.data as Float32Array;
    const difference = norm(expected.map((value, i) => found[i]! - value));
    const ofNorm = difference / norm(expected);
    const layer = seen.get(name.replace(/\.weight$/, ''));
    if (layer === undefined) return { name, ofNorm };
    // Below 0 what is passed back is slope·dy; the slope's own gradient sums x·dy.
    const slope = Number(slopes.get(name)!.data[0]);
    const terms = layer.values.map((x, i) => (x < 0 ? (x * layer.gradient[i]!) / slope : 0));
    return { name, ofNorm, ofTerms: difference / norm(terms) };
  });
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0));
}
