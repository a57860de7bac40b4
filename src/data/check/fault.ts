import type { Split } from '../dataset.js';
import type { ListingFaultKind } from '../split-listing.js';

/** Every kind of fault that a check finds, and what its files have in common; in the order of reports. */
export const FAULT_KINDS = {
  'split-unreadable': 'splits that cannot be listed',
  empty: 'splits and lists without scenes',
  'list-line': 'lines of lists that are no scene',
  'listed-absent': 'listed files that are not there',
  'listed-twice': 'scenes that a list names again',
  unlisted: 'files that no list names',
  'same-stem': 'files of a stem that another has',
  'missing-label': 'pictures without labels',
  'missing-picture': 'labels without pictures',
  'picture-unreadable': 'pictures that cannot be read',
  'label-unreadable': 'labels that cannot be read',
  'size-mismatch': 'labels of another size than their pictures',
  'no-class': 'labels with values that are no class',
  'unlabelled-label': 'labels without a labelled pixel',
  'constant-label': 'labels of a single class',
  'blank-picture': 'pictures that show nothing',
  duplicate: 'pictures of the same pixels in one split',
  'two-labels': 'pictures of the same pixels with different labels',
  'near-duplicate': 'pictures that are nearly the same in one split',
  leak: 'pictures of the same pixels in two splits',
  'near-leak': 'pictures that are nearly the same in two splits',
  'mixed-sizes': 'pictures of several sizes',
  'absent-class': 'classes that never occur',
} as const satisfies Record<ListingFaultKind, string> & Record<string, string>;

export type FaultKind = keyof typeof FAULT_KINDS;

/** Something wrong with a data set. */
export interface Fault {
  readonly kind: FaultKind;
  readonly split: Split;
  /** The file or folder that it is about. */
  readonly file: string;
  /** What was expected and what was found, with the file. */
  readonly message: string;
  /** The other files that it is about, e.g. those that the first is a duplicate of. */
  readonly others?: readonly string[];
  /** How far two nearly equal pictures are apart: bits of 256. */
  readonly distance?: number;
  /** The values that are no class. */
  readonly values?: readonly WrongValue[];
}

/** A value in a label that is no class. */
export interface WrongValue {
  /** The number, or the colour as `rgb(1, 2, 3)`. */
  readonly value: string;
  readonly pixels: number;
  /** Its first place, row by row. */
  readonly x: number;
  readonly y: number;
}
