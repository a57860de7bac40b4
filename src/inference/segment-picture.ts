import type { Size } from '../data/dataset.js';
import { decodePicture } from '../data/decode.js';
import { findVictim } from './find-model.js';
import type { InferencePool, Segmentation } from './pool.js';

export interface SegmentPictureOptions {
  /** A victim's name. @defaultValue the first by name */
  readonly model?: string | undefined;
  /** Also paint the picture with the classes' colours. @defaultValue false */
  readonly overlay?: boolean;
  /** Names the picture in messages. */
  readonly what?: string;
  /** Refuse more pixels than this before decoding. */
  readonly maxPixels?: number;
  readonly signal?: AbortSignal | undefined;
}

/** A segmented picture, of the picture's own size. */
export interface SegmentedPicture extends Omit<Segmentation, 'milliseconds'> {
  readonly model: string;
  readonly milliseconds: Segmentation['milliseconds'] & { readonly decode: number };
}

/** How much of an overlay is the class's colour. */
const OVERLAY_OPACITY = 0.55;

/**
 * Decodes a picture and segments it.
 *
 * @param input - a file's path, or its bytes.
 * @throws SegprobeError as `decodePicture` and {@link InferencePool.segment} do.
 */
export async function segmentPicture(
  pool: InferencePool,
  input: Uint8Array | string,
  options: SegmentPictureOptions = {},
): Promise<SegmentedPicture> {
  const { what, maxPixels, signal, overlay = false } = options;
  const { name, facts } = findVictim(pool.models, options.model);
  const decoding = {
    ...(what !== undefined && { what }),
    ...(maxPixels !== undefined && { maxPixels }),
  };
  const start = performance.now();
  // Twice where the original is painted, so that the model sees the same pixels whatever is asked for.
  const [picture, original] = await Promise.all([
    decodePicture(input, { ...decoding, size: facts.inputSize }),
    overlay ? decodePicture(input, decoding) : undefined,
  ]);
  const decode = performance.now() - start;
  const outputSize: Size = picture.originalSize;
  const { milliseconds, ...segmentation } = await pool.segment(name, picture, {
    outputSize,
    signal,
    ...(original && { overlay: { picture: original, opacity: OVERLAY_OPACITY } }),
  });
  return { model: name, ...segmentation, milliseconds: { decode, ...milliseconds } };
}
