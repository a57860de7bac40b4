import path from 'node:path';
import { SPLITS } from '../dataset.js';
import { HASH_WORDS } from './difference-hash.js';
import type { SeenPicture } from './duplicates.js';
import type { Fault } from './fault.js';
import { findNearPairs, type NearPairsOptions } from './near-pairs.js';

/** Pictures of one hash. All pairs are sought among hashes that differ, so that a thousand alike cost as one. */
interface Look {
  readonly hash: Uint32Array;
  /** By the number of a split. */
  readonly pictures: readonly SeenPicture[][];
  /** By the number of a split: another look of these pictures' group in it, or itself. Its root stands for the group. */
  readonly parents: Look[];
  /** By the number of a split: the look nearest to this one that has a picture in it. */
  readonly nearest: ({ readonly look: Look; readonly distance: number } | undefined)[];
}

const NAMED_AT_MOST = 3;

/**
 * Finds pictures that show nearly the same: groups of them within a split, and for each picture of a later split the
 * nearest one of the splits before. Pictures of the same pixels count as one.
 *
 * @param pictures - in the order of splits.
 * @param maxDistance - bits of 256 that the hashes of two such pictures differ in at most.
 * @param onSlice - awaited now and then, as {@link findNearPairs} does.
 */
export async function findNearDuplicates(
  pictures: readonly SeenPicture[],
  maxDistance: number,
  onSlice?: NearPairsOptions['onSlice'],
): Promise<Fault[]> {
  const looks = toLooks(pictures);
  const hashes = new Uint32Array(HASH_WORDS * looks.length);
  looks.forEach(({ hash }, i) => hashes.set(hash, HASH_WORDS * i));
  const onPair = (first: number, second: number, distance: number): void => {
    const [a, b] = [looks[first]!, looks[second]!];
    SPLITS.forEach((_, split) => {
      if (a.pictures[split]!.length > 0 && b.pictures[split]!.length > 0) join(a, b, split);
    });
    noteNearest(a, b, distance);
    noteNearest(b, a, distance);
  };
  await findNearPairs(hashes, { maxDistance, onPair, onSlice });
  return SPLITS.flatMap((_, split) => [
    ...groupsIn(looks, split),
    ...looks.flatMap((look) => leaksOf(look, split)),
  ]);
}

/** Gathers pictures by their hashes, those of the same pixels once, in the first split that has them. */
function toLooks(pictures: readonly SeenPicture[]): Look[] {
  const looks = new Map<string, Look>();
  const seen = new Set<string>();
  for (const picture of pictures) {
    const { digest, hash, split } = picture;
    if (hash === undefined || seen.has(digest)) continue;
    seen.add(digest);
    const key = hash.join();
    const look = looks.get(key) ?? createLook(hash);
    looks.set(key, look);
    look.pictures[SPLITS.indexOf(split)]!.push(picture);
  }
  for (const look of looks.values()) noteNearest(look, look, 0);
  return [...looks.values()];
}

function createLook(hash: Uint32Array): Look {
  const look: Look = { hash, pictures: SPLITS.map(() => []), parents: [], nearest: [] };
  look.parents.push(...SPLITS.map(() => look));
  return look;
}

/** Makes one group of those of two looks. */
function join(a: Look, b: Look, split: number): void {
  rootOf(a, split).parents[split] = rootOf(b, split);
}

function rootOf(look: Look, split: number): Look {
  let root = look;
  while (root.parents[split] !== root) {
    root.parents[split] = root.parents[split]!.parents[split]!; // halves the way for the next one
    root = root.parents[split];
  }
  return root;
}

function noteNearest(look: Look, other: Look, distance: number): void {
  SPLITS.forEach((_, split) => {
    if (other.pictures[split]!.length === 0) return;
    if (distance < (look.nearest[split]?.distance ?? Infinity)) {
      look.nearest[split] = { look: other, distance };
    }
  });
}

function groupsIn(looks: readonly Look[], split: number): Fault[] {
  const groups = new Map<Look, SeenPicture[]>();
  for (const look of looks) {
    const root = rootOf(look, split);
    const group = groups.get(root) ?? [];
    groups.set(root, group);
    for (const picture of look.pictures[split]!) group.push(picture);
  }
  return [...groups.values()].filter((group) => group.length > 1).map(groupFault);
}

function groupFault(group: readonly SeenPicture[]): Fault {
  const { file, split } = group[0]!;
  const others = group.slice(1).map((other) => other.file);
  const named = others.slice(0, NAMED_AT_MOST).map((other) => path.basename(other));
  if (others.length > NAMED_AT_MOST) named.push('…');
  const message = `${file}: expected pictures that differ, got ${group.length} that hardly do: it and ${named.join(', ')}`;
  return { kind: 'near-duplicate', split, file, message, others };
}

function leaksOf(look: Look, split: number): Fault[] {
  const [nearest] = look.nearest
    .slice(0, split)
    .filter((near) => near !== undefined)
    .sort((a, b) => a.distance - b.distance);
  if (nearest === undefined) return [];
  const { distance } = nearest;
  const other = nearest.look.pictures.find((inSplit) => inSplit.length > 0)![0]!;
  return look.pictures[split]!.map(({ file, split: name }) => ({
    kind: 'near-leak',
    split: name,
    file,
    message: `${file}: expected a picture unlike those of ${other.split}, got nearly ${other.file} (${distance} of 256 bits apart)`,
    others: [other.file],
    distance,
  }));
}
