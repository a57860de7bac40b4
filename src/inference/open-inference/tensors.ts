import { SegprobeError } from '../../shared/errors.js';
import type { ModelFacts } from '../../shared/manifest.js';

/** The element types of our models, by the protocol's names. */
export const DATATYPES = {
  FP32: { type: 'float32', bytes: 4 },
  UINT8: { type: 'uint8', bytes: 1 },
} as const;
export type Datatype = keyof typeof DATATYPES;

/** A tensor that a model takes or gives; −1 is any length. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
}

/** The forms in which a model is served: an attacker, a victim, and the victim that takes and gives bytes. */
export type ModelForm = ModelFacts['kind'] | 'serving form';

/** Says what a model of ours takes and gives. */
export function tensorsOf(
  form: ModelForm,
  classCount: number,
): { readonly input: TensorSpec; readonly output: TensorSpec } {
  const image: TensorSpec = { name: 'image', datatype: 'FP32', shape: [-1, 3, -1, -1] };
  switch (form) {
    case 'victim':
      return {
        input: image,
        output: { name: 'logits', datatype: 'FP32', shape: [-1, classCount, -1, -1] },
      };
    case 'attacker':
      return { input: image, output: { ...image, name: 'attacked' } };
    case 'serving form':
      return {
        input: { name: 'image_u8', datatype: 'UINT8', shape: [-1, -1, -1, 3] },
        output: { name: 'labels', datatype: 'UINT8', shape: [-1, -1, -1] },
      };
  }
}

/**
 * Checks the shape of an input.
 *
 * @returns how many pixels it has, over all its pictures.
 * @throws SegprobeError `SHAPE_MISMATCH` for a shape that the model does not take, `IMAGE_TOO_LARGE` for too many pixels.
 */
export function assertInputShape(
  shape: readonly number[],
  spec: TensorSpec,
  maxPixels: number,
): number {
  const fits =
    shape.length === spec.shape.length &&
    shape.every((length, i) => length > 0 && [-1, length].includes(spec.shape[i]!));
  const sides = spec.shape.flatMap((length, i) => (length === -1 && i > 0 ? [shape[i]!] : []));
  if (!fits || sides.some((side) => side % 8 !== 0)) {
    throw new SegprobeError(
      'SHAPE_MISMATCH',
      `expected ${spec.name} of shape [${spec.shape.join()}] with height and width multiples of 8, got [${shape.join()}]`,
    );
  }
  const pixels = shape[0]! * sides.reduce((product, side) => product * side, 1);
  if (pixels > maxPixels) {
    throw new SegprobeError(
      'IMAGE_TOO_LARGE',
      `expected at most ${maxPixels} pixels in ${spec.name}, got ${pixels}`,
    );
  }
  return pixels;
}
