import type { Size } from '../data/dataset.js';
import { decodePicture } from '../data/decode.js';
import { findVictim } from './find-model.js';
import type { InferencePool, Segmentation, TaskOptions } from './pool.js';
import { releaseMemory } from './release-memory.js';
import { labelPngsOf, type Rendering } from './rendering.js';

export interface SegmentPictureOptions extends TaskOptions {
  /** A victim's name. @defaultValue the first by name */
  readonly model?: string | undefined;
  /** What it will be shown as. @defaultValue nothing */
  readonly renderings?: readonly Rendering[];
  /** As {@link InferencePool.segment}; without scaling, pictures of more than {@link MAX_UNSCALED_PIXELS} are refused. @defaultValue `model` */
  readonly scale?: 'model' | 'none';
  /** Names the picture in messages. */
  readonly what?: string;
  /** Refuse more pixels than this before decoding. */
  readonly maxPixels?: number;
}

/** A segmented picture, of the picture's own size; its labels are in what it is shown as. */
export interface SegmentedPicture extends Omit<Segmentation, 'milliseconds' | 'labels'> {
  readonly model: string;
  readonly milliseconds: Segmentation['milliseconds'] & { readonly decode: number };
}

/** How much of an overlay is the class's colour. */
export const OVERLAY_OPACITY = 0.55;
/** Activations take some hundred bytes a pixel. */
export const MAX_UNSCALED_PIXELS = 2 ** 21;

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
  const { what, maxPixels = Infinity, renderings = [], scale = 'model' } = options;
  const { name, facts } = findVictim(pool.models, options.model);
  const decoding = {
    ...(what !== undefined && { what }),
    ...(scale === 'none'
      ? { maxPixels: Math.min(maxPixels, MAX_UNSCALED_PIXELS) }
      : maxPixels !== Infinity && { maxPixels }),
  };
  const start = performance.now();
  // Twice where the original is painted, so that the model sees the same pixels whatever is asked for.
  const [picture, original] = await Promise.all([
    decodePicture(input, scale === 'model' ? { ...decoding, size: facts.inputSize } : decoding),
    renderings.includes('overlay') ? decodePicture(input, decoding) : undefined,
  ]);
  const decode = performance.now() - start;
  const outputSize: Size = picture.originalSize;
  const { milliseconds, labels, ...segmentation } = await pool.segment(name, picture, {
    signal: options.signal,
    lane: options.lane,
    scale,
    outputSize,
    labelPngs: labelPngsOf(renderings),
    ...(original && { overlay: { picture: original, opacity: OVERLAY_OPACITY } }),
  });
  releaseMemory([labels.buffer]);
  return { model: name, ...segmentation, milliseconds: { decode, ...milliseconds } };
}
