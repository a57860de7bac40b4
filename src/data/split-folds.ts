import { SegprobeError } from '../shared/errors.js';

/** A fold may be longer or shorter than the others by this share of the scenes, where that keeps a video whole. */
const SLACK = 0.1;

/**
 * Divides scenes into folds of about the same size for cross-validation. Scenes are taken in the order of their names, each fold a run
 * of neighbours, cut where the names tell that one video ends or frames are left out: what is next to each other in a video is
 * nearly the same picture, and must not be learned from on one side of a cut and judged on the other.
 *
 * @param names - of the scenes, e.g. `0016E5_07959`: frame 7959 of the video `0016E5_`.
 * @param count - how many folds.
 * @returns the scenes of each fold by their place in `names`.
 * @throws SegprobeError `USAGE` for fewer than 2 folds, or more than scenes.
 */
export function splitFolds(names: readonly string[], count: number): number[][] {
  if (count < 2 || count > names.length) {
    throw new SegprobeError(
      'USAGE',
      `--folds: expected a number from 2 to that of the scenes, ${names.length}, got ${count}`,
    );
  }
  const order = names
    .map((name, index) => ({ name, index }))
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  const gaps = order.map(({ name }, i) => (i === 0 ? 0 : gapBetween(order[i - 1]!.name, name)));
  const cuts = [0];
  for (let fold = 1; fold < count; fold++) {
    const ideal = Math.round((fold * names.length) / count);
    const reach = Math.floor((SLACK * names.length) / count);
    let best = ideal;
    for (let cut = ideal - reach; cut <= ideal + reach; cut++) {
      const isWider = gaps[cut]! > gaps[best]!;
      const isNearer = gaps[cut] === gaps[best] && Math.abs(cut - ideal) < Math.abs(best - ideal);
      if (isWider || isNearer) best = cut;
    }
    cuts.push(best);
  }
  return cuts.map((from, fold) => order.slice(from, cuts[fold + 1]).map(({ index }) => index));
}

/** How many frames lie between two: infinitely many of different videos. */
function gapBetween(before: string, after: string): number {
  const [a, b] = [before, after].map((name) => /^(.*?)(\d*)$/.exec(name)!);
  return a![1] === b![1] ? Number(b![2]) - Number(a![2]) : Infinity;
}
