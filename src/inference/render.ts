import { encodePicturePng } from '../data/encode-picture.js';
import type { ModelFacts } from '../shared/manifest.js';
import { encodeLabelPng } from './palette-png.js';
import type { SegmentedPicture } from './segment-picture.js';

/** The pictures that a segmentation can be shown as. */
export const RENDERINGS = ['mask', 'overlay', 'labels'] as const;
export type Rendering = (typeof RENDERINGS)[number];

/**
 * Encodes a segmentation as a PNG: `mask`, class numbers with a palette of the classes' colours; `labels`, class
 * numbers as grey values; `overlay`, the picture painted with the colours (it must have been asked for).
 */
export async function renderPng(
  rendering: Rendering,
  segmentation: SegmentedPicture,
  { palette }: ModelFacts,
): Promise<Buffer> {
  const { height, width, labels, overlay } = segmentation;
  switch (rendering) {
    case 'mask':
      return encodeLabelPng(labels, segmentation, palette);
    case 'labels':
      return encodeLabelPng(labels, segmentation);
    case 'overlay':
      if (overlay === undefined) throw new Error('expected a painted picture, got none');
      return encodePicturePng({ data: overlay, height, width });
  }
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
