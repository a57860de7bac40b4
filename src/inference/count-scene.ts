import type { Size } from '../data/dataset.js';
import {
  type ConfusionMatrix,
  countPixels,
  createConfusionMatrix,
} from '../shared/confusion-matrix.js';
import type { SceneCounts } from '../shared/evaluation.js';
import { fromImageTensor, toImageTensor } from '../shared/image-tensor.js';
import { measurePerturbation } from '../shared/perturbation.js';
import { type ImageModel, imageTensor, runImageModel } from './session.js';

/** A scene as a victim sees it: label maps are class numbers, `[H, W]` flattened, pictures uint8 `[H, W, 3]`. */
export interface SeenScene {
  readonly image: Uint8Array;
  readonly label: Uint8Array;
  /** What the victim says of the picture. */
  readonly before: Uint8Array;
  /** The picture under attack, and what the victim says of it; null without one. */
  readonly attack: { readonly image: Uint8Array; readonly after: Uint8Array } | null;
}

/** Counts what a victim said of a scene. */
export function countScene(
  { image, label, before, attack }: SeenScene,
  options: { readonly classCount: number; readonly ignoreIndex: number; readonly size: Size },
): SceneCounts {
  const count = (predicted: Uint8Array): ConfusionMatrix => {
    const matrix = createConfusionMatrix(options.classCount);
    countPixels(matrix, label, predicted, options.ignoreIndex);
    return matrix;
  };
  return {
    matrix: count(before),
    attack: attack && {
      matrix: count(attack.after),
      perturbation: measurePerturbation(image, attack.image, options.size),
      flippedShare: shareOfDifferences(before, attack.after),
    },
  };
}

/**
 * Attacks a picture, through 8 bits as through a picture file: what an attack hides between two of its values is lost.
 *
 * @param image - uint8 `[H, W, 3]` flattened.
 * @returns the same shape.
 * @throws SegprobeError `MODEL_INVALID` for a model that is no attacker.
 */
export async function attackScene(
  attacker: ImageModel,
  image: Uint8Array,
  size: Size,
): Promise<Uint8Array> {
  const input = imageTensor(toImageTensor(image), size);
  const attacked = await runImageModel(attacker, input, { name: 'attacked', channels: 3 });
  return fromImageTensor(attacked);
}

function shareOfDifferences(a: Uint8Array, b: Uint8Array): number {
  let different = 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) different++;
  return different / a.length;
}
