/**
 * Max pooling jumps where two numbers of a window are equal but for rounding: the unpooled value then lies elsewhere, and some 40×40
 * pixels of logits change, by a hundredth. Of the 230,000 windows of a picture a few are that close, and PyTorch's float32 and its
 * own float64 differ in some. To compare logits more strictly than that, this finds the windows in which another implementation
 * took the other number, and takes that one: only where two numbers are within {@link NEAR} may it be the other.
 */
import * as tf from '@tensorflow/tfjs';
import type { Model } from '../../src/train/models/model.js';
import type { PackedWeights } from '../../src/train/packing.js';
import { createEvaluationPass, type PackedTensors } from '../../src/train/pass.js';
import { mapValues, tidily } from '../support/tensorflow.js';

/** How far apart the two largest numbers of a window may be, as a share of the layer's root mean square. */
const NEAR = 4e-6;
/** How far from a window its choice may change logits, in pixels of the picture. */
const REACH = 32;
/** Of more ties within reach, those nearest to equal are tried. */
const MAX_TRIES = 12;

/** The activations whose results are pooled 3×3, and how many pixels of the picture one of theirs is wide. */
const POOLED = [
  { layer: 'initial_block.out_prelu', stride: 2 },
  { layer: 'regular1_4.out_prelu', stride: 4 },
] as const;

/** A window whose largest two numbers are nearly equal. */
export interface Tie {
  readonly layer: string;
  /** Elements of what the activation sees, flattened: the window's largest and the runner-up. */
  readonly largest: number;
  readonly second: number;
  /** How far apart, as a share of the layer's root mean square. */
  readonly nearness: number;
  /** Its middle in the picture. */
  readonly y: number;
  readonly x: number;
}

export interface PictureCase {
  readonly model: Model;
  readonly weights: PackedWeights;
  /** float32 `[1, H, W, 3]`. */
  readonly image: tf.Tensor4D;
}

/** Computes logits `[H, W, K]` with the runner-up taken in some windows; `observe` is shown what the pooled activations see. */
export function logitsWith(
  { model, weights, image }: PictureCase,
  turned: readonly Tie[],
  observe: (layer: string, x: tf.Tensor4D) => void = () => undefined,
): Float32Array {
  const tap = (layer: string, x: tf.Tensor4D): tf.Tensor4D => {
    if (!POOLED.some((pooled) => pooled.layer === layer)) return x;
    observe(layer, x);
    const own = turned.filter((tie) => tie.layer === layer);
    if (own.length === 0) return x;
    const values = x.dataSync<'float32'>().slice();
    for (const { largest, second } of own) {
      [values[largest], values[second]] = [values[second]!, values[largest]!];
    }
    return tf.tensor4d(values, x.shape);
  };
  return tidily(() => {
    const packed = mapValues({ ...weights }, (values: Float32Array) => tf.tensor1d(values));
    const pass = createEvaluationPass(model.spec, packed as unknown as PackedTensors);
    return model.forward(image, { ...pass, tap }).dataSync<'float32'>();
  });
}

/** Finds the windows that rounding may decide, in what the activations before pooling see: a positive slope keeps their order. */
export function findTies(test: PictureCase): Tie[] {
  const ties: Tie[] = [];
  logitsWith(test, [], (layer, x) => {
    const { stride } = POOLED.find((pooled) => pooled.layer === layer)!;
    ties.push(...tiesIn(x.dataSync<'float32'>(), x.shape, { layer, stride }));
  });
  return ties;
}

function tiesIn(
  values: Float32Array,
  [, height, width, channels]: readonly [number, number, number, number],
  { layer, stride }: { layer: string; stride: number },
): Tie[] {
  const rms = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  const ties: Tie[] = [];
  for (let row = 0; row < height; row += 2)
    for (let column = 0; column < width; column += 2)
      for (let c = 0; c < channels; c++) {
        let [largest, second] = [-1, -1];
        for (let y = Math.max(0, row - 1); y <= row + 1; y++)
          for (let x = Math.max(0, column - 1); x <= column + 1; x++) {
            const i = (y * width + x) * channels + c;
            if (largest < 0 || values[i]! > values[largest]!) [second, largest] = [largest, i];
            else if (second < 0 || values[i]! > values[second]!) second = i;
          }
        const nearness = (values[largest]! - values[second]!) / rms;
        if (nearness > 0 && nearness <= NEAR) {
          ties.push({ layer, largest, second, nearness, y: row * stride, x: column * stride });
        }
      }
  return ties;
}

/** How far a picture's logits are from another implementation's: 0 where they agree, and where the worst of them lies. */
export interface Disagreement {
  readonly amount: number;
  readonly y: number;
  readonly x: number;
}

/**
 * Turns ties until logits agree with another implementation's, or nothing helps: each turn must make the disagreement smaller.
 *
 * @returns the windows that had to be turned, and the logits with them turned.
 */
export function turnTies(
  test: PictureCase,
  disagreementOf: (logits: Float32Array) => Disagreement,
): { turned: readonly Tie[]; logits: Float32Array } {
  let turned: readonly Tie[] = [];
  let logits = logitsWith(test, turned);
  let left = disagreementOf(logits);
  if (left.amount === 0) return { turned, logits };
  const ties = findTies(test);
  for (let isBetter = true; isBetter && left.amount > 0;) {
    const tries = ties
      .filter((tie) => !turned.includes(tie) && isWithinReach(tie, left))
      .sort((a, b) => a.nearness - b.nearness)
      .slice(0, MAX_TRIES);
    isBetter = false;
    for (const tie of tries) {
      const other = logitsWith(test, [...turned, tie]);
      const found = disagreementOf(other);
      if (!(found.amount < left.amount)) continue;
      [turned, logits, left, isBetter] = [[...turned, tie], other, found, true];
      break;
    }
  }
  return { turned, logits };
}

function isWithinReach(tie: Tie, { y, x }: Disagreement): boolean {
  return Math.abs(tie.y - y) <= REACH && Math.abs(tie.x - x) <= REACH;
}
