import type { Suspect } from '../../inference/audit/audit-dataset.js';

/** A suspect, and where neighbouring images show the same. */
export interface SuspectGroup {
  readonly suspect: Suspect;
  /** Its place among all suspects, from 0 on. */
  readonly rank: number;
  /** The other images, in falling order of score. */
  readonly alsoIn: readonly string[];
}

/** Images so near in the data set's order may be frames of one video. */
const NEAR = 10;
/** Boxes of the same thing in two of them share so much of what they cover together. */
const LEAST_OVERLAP = 0.2;

/**
 * Puts suspects together that are one fault seen in neighbouring frames of a video: of the same classes, at about the same place.
 *
 * @param suspects - in falling order of score.
 * @returns the first `count` groups, each by its likeliest suspect.
 */
export function groupSuspects(suspects: readonly Suspect[], count: number): SuspectGroup[] {
  const groups: { members: Suspect[]; rank: number }[] = [];
  for (const [rank, suspect] of suspects.entries()) {
    const own = groups.find(({ members }) => members.some((other) => isSame(suspect, other)));
    if (own !== undefined) own.members.push(suspect);
    else if (groups.length < count) groups.push({ members: [suspect], rank });
  }
  return groups.map(({ members, rank }) => ({
    suspect: members[0]!,
    rank,
    alsoIn: [...new Set(members.map(({ image }) => image))].slice(1),
  }));
}

function isSame(a: Suspect, b: Suspect): boolean {
  return (
    a.given === b.given &&
    a.suggested === b.suggested &&
    a.index !== b.index &&
    Math.abs(a.index - b.index) <= NEAR &&
    overlapOf(a.box, b.box) >= LEAST_OVERLAP
  );
}

/** Intersection over union. */
function overlapOf(a: Suspect['box'], b: Suspect['box']): number {
  const across = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const down = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (across <= 0 || down <= 0) return 0;
  const area = (box: Suspect['box']): number => (box[2] - box[0]) * (box[3] - box[1]);
  return (across * down) / (area(a) + area(b) - across * down);
}
