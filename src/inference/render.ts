import { encodePicturePng } from '../data/encode-picture.js';
import type { ModelFacts } from '../shared/manifest.js';
import type { Segmentation } from './pool.js';
import type { Rendering } from './rendering.js';
import type { SegmentedPicture } from './segment-picture.js';

/**
 * A segmentation as a PNG: `mask`, class numbers with a palette of the classes' colours; `labels`, class numbers as grey
 * values; `overlay`, the picture painted with the colours. It must have been asked for.
 */
export async function renderPng(
  rendering: Rendering,
  { height, width, pngs, overlay }: Pick<Segmentation, 'height' | 'width' | 'pngs' | 'overlay'>,
): Promise<Uint8Array> {
  const png =
    rendering !== 'overlay'
      ? pngs[rendering]
      : overlay && (await encodePicturePng({ data: overlay, height, width }));
  if (png === undefined) throw new Error(`expected a segmentation with its ${rendering}, got none`);
  return png;
}

/** What a segmentation says in figures. */
export interface SegmentationSummary {
  readonly model: string;
  readonly width: number;
  readonly height: number;
  /** Every class of the model, in order; shares are of all pixels, 0..1. */
  readonly classes: readonly {
    readonly name: string;
    readonly color: readonly number[];
    readonly pixels: number;
    readonly share: number;
  }[];
}

/** Sums a segmentation up by class. */
export function summarize(
  { model, width, height, pixelCounts }: SegmentedPicture,
  { classes, palette }: ModelFacts,
): SegmentationSummary {
  return {
    model,
    width,
    height,
    classes: classes.map((name, k) => ({
      name,
      color: palette[k]!,
      pixels: pixelCounts[k]!,
      share: pixelCounts[k]! / (width * height),
    })),
  };
}
