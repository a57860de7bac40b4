import type { Size } from '../data/dataset.js';
import { hueRotation } from '../shared/hue.js';
import { createRandom } from '../shared/random.js';
import { type TrainConfig, trainSizeOf } from './config.js';

/** Colour jitter draws each factor from 1 ± this. */
const JITTER = 0.3;
/** Colours turn about the grey axis by at most so many radians. */
const HUE = 0.1;
/** How much red, green and blue weigh in a grey (ITU-R BT.601). */
const LUMA = [0.299, 0.587, 0.114] as const;
/** Contrast is changed about this grey. */
const MIDDLE = 0.5;

/** How the scenes of a batch are seen in one step. */
export interface Views {
  /**
   * `[N, 4]` flattened, each row y1, x1, y2, x2: the centres of the first and the last pixel of the window, as shares of the way
   * from the scene's first pixel to its last. x1 > x2 mirrors; what lies outside 0..1 is outside the scene.
   */
  readonly boxes: Float32Array;
  /** `[N, 3, 4]` flattened: three rows that give red, green and blue from (red, green, blue, 1). */
  readonly colors: Float32Array;
}

/** What decides how scenes are seen. */
export type AugmentConfig = Pick<
  TrainConfig,
  'augment' | 'minScale' | 'maxScale' | 'cropHeight' | 'cropWidth' | 'height' | 'width' | 'seed'
>;

/** Whether a training sees its scenes as {@link drawViews} says, or as they are. */
export function isAugmented(
  config: Pick<AugmentConfig, 'augment' | 'cropHeight' | 'cropWidth'>,
): boolean {
  return (
    config.augment.length > 0 || config.cropHeight !== undefined || config.cropWidth !== undefined
  );
}

/** Draws how the scenes of a step are seen: equal seed and step, equal views. */
export function drawViews(config: AugmentConfig, step: number, count: number): Views {
  const boxes = new Float32Array(count * 4);
  const colors = new Float32Array(count * 12);
  for (let n = 0; n < count; n++) {
    const random = createRandom(config.seed, step, n, 1);
    boxes.set(drawBox(config, random), n * 4);
    colors.set(config.augment.includes('color') ? drawColors(random) : SAME_COLORS, n * 12);
  }
  return { boxes, colors };
}

function drawBox(config: AugmentConfig, random: () => number): number[] {
  const scale = config.augment.includes('scale')
    ? between(config.minScale, config.maxScale, random)
    : 1;
  const crop = trainSizeOf(config);
  const [y1, y2] = drawSide(config, crop, scale, 'height', random);
  const [x1, x2] = drawSide(config, crop, scale, 'width', random);
  const mirrored = config.augment.includes('flip') && random() < 0.5;
  return mirrored ? [y1, x2, y2, x1] : [y1, x1, y2, x2];
}

/** Where the window begins and ends along one side: anywhere inside the scene, or, where it is larger, around it. */
function drawSide(
  scene: Size,
  crop: Size,
  scale: number,
  side: keyof Size,
  random: () => number,
): [number, number] {
  const last = scene[side] - 1;
  const window = (crop[side] - 1) / scale; // from centre to centre, in the scene's pixels
  const start = random() * (last - window);
  return [start / last, (start + window) / last];
}

/** Saturation, hue, contrast and brightness, each a linear map of colours, as one. */
function drawColors(random: () => number): number[] {
  const factor = (): number => between(1 - JITTER, 1 + JITTER, random);
  const [saturation, brightness, contrast] = [factor(), factor(), factor()];
  const turn = hueRotation(between(-HUE, HUE, random));
  const gain = brightness * contrast;
  const shift = MIDDLE * (1 - contrast);
  return [0, 1, 2].flatMap((row) => {
    const channels = [0, 1, 2].map((column) => {
      const own = turn[row]![column]!;
      return gain * (saturation * own + (1 - saturation) * LUMA[column]!);
    });
    return [...channels, shift];
  });
}

const SAME_COLORS = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0];

function between(least: number, most: number, random: () => number): number {
  return least + (most - least) * random();
}
