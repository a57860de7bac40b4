import { CITYSCAPES } from '../shared/classes.js';
import { numbersByTable } from './label-coding.js';

/** The ids in `*_labelIds.png` of the 19 classes that count, by train id. */
const IDS = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33];
const HIGHEST_ID = 33;
/** What void is in `*_labelTrainIds.png`, and -1 (a licence plate) in 8 bits. */
const VOID_VALUE = 255;

const unlabeled = CITYSCAPES.ignoreIndex;

/**
 * `*_labelIds.png`: ids 0..33 of which 19 are classes that count; the others, and 255 for the id -1, are void.
 * @see https://github.com/mcordts/cityscapesScripts (helpers/labels.py)
 */
export const CITYSCAPES_IDS = numbersByTable(
  [
    ...Array.from({ length: HIGHEST_ID + 1 }, (_, id) => [id, unlabeled] as const),
    [VOID_VALUE, unlabeled],
    ...IDS.map((id, trainId) => [id, trainId] as const),
  ],
  `Cityscapes' ids 0..${HIGHEST_ID} or ${VOID_VALUE}`,
);

/** `*_labelTrainIds.png`: train ids 0..18, 255 is void. */
export const CITYSCAPES_TRAIN_IDS = numbersByTable(
  [...IDS.map((_, trainId) => [trainId, trainId] as const), [VOID_VALUE, unlabeled]],
  `Cityscapes' train ids 0..${IDS.length - 1} or ${VOID_VALUE}`,
);
