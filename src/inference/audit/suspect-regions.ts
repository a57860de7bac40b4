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
  for (let i = 0; i < pairs.length; i++) {
    const own = label[i]!;
    const said = predicted[i]!;
    if (own === said || own === ignoreIndex || said === ignoreIndex) continue;
    pairs[i] = 1 + ((own << 8) | said);
  }
  const disputed = connectedComponents(pairs, size, 0);
  if (disputed.components.length === 0) return [];
  const depths = componentDepths(disputed, size);
  const margins = new Float64Array(disputed.components.length);
  for (const { start, end, id } of disputed.runs) {
    let margin = 0;
    for (let i = start; i < end; i++) margin += confidence[i]! - given[i]!;
    margins[id]! += margin;
  }
  return disputed.components
    .map(({ value, box, pixels }, id): SuspectRegion => ({
      given: (value - 1) >> 8,
      suggested: (value - 1) & 0xff,
      box,
      pixels,
      depth: depths[id]!,
      margin: margins[id]! / pixels,
    }))
    .filter(({ pixels }) => pixels >= LEAST_PIXELS)
    .sort((a, b) => b.pixels * b.margin - a.pixels * a.margin)
    .slice(0, MOST_REGIONS);
}
