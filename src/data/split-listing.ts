import path from 'node:path';
import { SegprobeError, type ErrorCode } from '../shared/errors.js';
import type { ScenePair } from './read-scene.js';

/** What can be wrong with the files of a split before any is read, and whether the split is of no use then. */
const LISTING_FAULTS = {
  empty: { stops: true, code: 'DATASET_INVALID' },
  'list-line': { stops: true, code: 'DATASET_INVALID' },
  'listed-absent': { stops: true, code: 'FILE_NOT_FOUND' },
  'same-stem': { stops: true, code: 'DATASET_INVALID' },
  'missing-label': { stops: true, code: 'DATASET_INVALID' },
  'missing-picture': { stops: true, code: 'DATASET_INVALID' },
  'listed-twice': { stops: false, code: 'DATASET_INVALID' },
  unlisted: { stops: false, code: 'DATASET_INVALID' },
} as const satisfies Record<string, { stops: boolean; code: ErrorCode }>;

export type ListingFaultKind = keyof typeof LISTING_FAULTS;

/** Something wrong with the files of a split. */
export interface ListingFault {
  readonly kind: ListingFaultKind;
  /** The file or folder that it is about. */
  readonly file: string;
  /** What was expected and what was found, with the file. */
  readonly message: string;
}

/** The scenes of a split by their files, in the order that the split has them, and what is wrong with the others. */
export interface SplitListing {
  readonly pairs: readonly ScenePair[];
  readonly faults: readonly ListingFault[];
  /** The pictures of a split whose labels are kept back. @defaultValue none */
  readonly withoutLabels?: readonly Pick<ScenePair, 'name' | 'picture'>[];
}

const NAMED_AT_MOST = 5;

/**
 * Refuses a split that cannot be used as it is. What merely is not in its list is passed over.
 * @throws SegprobeError `FILE_NOT_FOUND` or `DATASET_INVALID` with the first fault, and how many of its kind there are.
 */
export function assertUsable({ faults }: SplitListing): void {
  const first = faults.find(({ kind }) => LISTING_FAULTS[kind].stops);
  if (first === undefined) return;
  const files = faults
    .filter(({ kind }) => kind === first.kind)
    .map(({ file }) => path.basename(file));
  const named =
    files.slice(0, NAMED_AT_MOST).join(', ') + (files.length > NAMED_AT_MOST ? ', …' : '');
  const others = files.length > 1 ? `; so it is with ${files.length} files: ${named}` : '';
  throw new SegprobeError(LISTING_FAULTS[first.kind].code, first.message + others);
}
