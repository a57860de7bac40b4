import { SPLITS, type Split } from '../dataset.js';
import type { Fault } from './fault.js';

/** What is kept of a picture that was read, to compare it with the others. */
export interface SeenPicture {
  readonly split: Split;
  readonly file: string;
  /** The same for the same pixels. */
  readonly digest: string;
  /** The same for the same label; undefined where there is none to compare. */
  readonly labelDigest: string | undefined;
  /** What it shows; undefined where that is nothing. */
  readonly hash: Uint32Array | undefined;
}

/**
 * Finds pictures of the same pixels: within a split, across splits, and with labels that are not the same.
 * @param pictures - in the order of splits.
 */
export function findDuplicates(pictures: readonly SeenPicture[]): Fault[] {
  const groups = new Map<string, SeenPicture[]>();
  for (const picture of pictures) {
    const group = groups.get(picture.digest);
    if (group === undefined) groups.set(picture.digest, [picture]);
    else group.push(picture);
  }
  return [...groups.values()]
    .filter((group) => group.length > 1)
    .flatMap((group) => [...inOneSplit(group), ...acrossSplits(group), ...withOtherLabels(group)]);
}

function inOneSplit(group: readonly SeenPicture[]): Fault[] {
  return SPLITS.flatMap((split) => {
    const [first, ...others] = group.filter((picture) => picture.split === split);
    return others.length === 0 ? [] : [sameFault('duplicate', first!, others)];
  });
}

/** Each picture of a later split is named with one of each split before. */
function acrossSplits(group: readonly SeenPicture[]): Fault[] {
  const firsts = SPLITS.map((split) => group.find((picture) => picture.split === split));
  return group.flatMap((picture) => {
    const before = firsts
      .slice(0, SPLITS.indexOf(picture.split))
      .filter((other) => other !== undefined);
    return before.length === 0 ? [] : [sameFault('leak', picture, before)];
  });
}

function withOtherLabels(group: readonly SeenPicture[]): Fault[] {
  const [first, ...rest] = group.filter(({ labelDigest }) => labelDigest !== undefined);
  const others = rest.filter(({ labelDigest }) => labelDigest !== first!.labelDigest);
  if (others.length === 0) return [];
  const { split, file } = first!;
  const files = others.map((other) => other.file);
  const message = `${file}: expected one label for the same pixels, got another for ${files.join(', ')}`;
  return [{ kind: 'two-labels', split, file, message, others: files }];
}

function sameFault(
  kind: 'duplicate' | 'leak',
  { split, file }: SeenPicture,
  same: readonly SeenPicture[],
): Fault {
  const others = same.map((other) => other.file);
  const message = `${file}: expected pixels of its own, got those of ${others.join(', ')}`;
  return { kind, split, file, message, others };
}
