import type { Size } from '../../data/dataset.js';
import { componentDepths, connectedComponents } from '../../shared/connected-components.js';
import type { LabelScores } from './score-session.js';

/** In pixels; x1 and y1 exclusive. */
export type Box = readonly [x0: number, y0: number, x1: number, y1: number];

/** A connected region whose labels the victim disputes: all of one class, it says all of another. */
export interface SuspectRegion {
  /** Class numbers. */
  readonly given: number;
  readonly suggested: number;
  /** In the size that the victim saw. */
  readonly box: Box;
  readonly pixels: number;
  /** How deep the deepest pixel lies within, in pixels; border noise is 1 or 2 deep. */
  readonly depth: number;
  /** Mean over the region of p(suggested) − p(given), 0..1. */
  readonly margin: number;
  /** What share the region is of the connected region that the victim predicts: near 1 for a whole object of its own. */
  readonly ofPredicted: number;
}

/** Smaller regions are no finding: about 5×5 pixels. */
const LEAST_PIXELS = 24;
/** The most regions of one scene, the largest by pixels and margin. */
const MOST_REGIONS = 64;

/**
 * Finds the regions of a scene in which the victim is surer of another class than of the one that is given.
 *
 * @param label - given class numbers, `[H, W]` flattened.
 */
export function findSuspects(
  scores: LabelScores,
  label: Uint8Array,
  size: Size,
  ignoreIndex: number,
): SuspectRegion[] {
  const { predicted, given, confidence } = scores;
  const pairs = new Uint16Array(label.length);
  const isDisputed = (i: number): boolean =>
    label[i] !== predicted[i] && label[i] !== ignoreIndex && predicted[i] !== ignoreIndex;
  for (let i = 0; i < pairs.length; i++) {
    if (isDisputed(i)) pairs[i] = 1 + ((label[i]! << 8) | predicted[i]!);
  }
  const disputed = connectedComponents(pairs, size, 0);
  if (disputed.components.length === 0) return [];
  const regions = connectedComponents(predicted, size);
  const depths = componentDepths(disputed, size);
  const margins = new Float64Array(disputed.components.length);
  const regionOf = new Int32Array(disputed.components.length);
  for (let i = 0; i < pairs.length; i++) {
    const id = disputed.ids[i]!;
    if (id < 0) continue;
    margins[id]! += confidence[i]! - given[i]!;
    regionOf[id] = regions.ids[i]!;
  }
  return disputed.components
    .map(({ value, box, pixels }, id): SuspectRegion => ({
      given: (value - 1) >> 8,
      suggested: (value - 1) & 0xff,
      box,
      pixels,
      depth: depths[id]!,
      margin: margins[id]! / pixels,
      ofPredicted: pixels / regions.components[regionOf[id]!]!.pixels,
    }))
    .filter(({ pixels }) => pixels >= LEAST_PIXELS)
    .sort((a, b) => b.pixels * b.margin - a.pixels * a.margin)
    .slice(0, MOST_REGIONS);
}
