import type { SegmentationScores } from '../../shared/confusion-matrix.js';
import { type ClassTable, classNames } from '../../shared/classes.js';
import { SegprobeError } from '../../shared/errors.js';

/**
 * What a trained attacker is to reach: every pixel wrong, the pixels of one class wrong (the others as they may be), or every
 * pixel taken for one class.
 */
export type AttackerGoal =
  | { readonly kind: 'untargeted' }
  | { readonly kind: 'vanish' | 'become'; readonly classNumber: number };

/** How a goal is written: `untargeted`, `vanish:CLASS` or `become:CLASS`. */
export const GOAL_PATTERN = /^(?:untargeted|(vanish|become):(.+))$/;

/**
 * Reads a goal as it is written.
 * @throws SegprobeError `USAGE` where it is none, or names no class of the table.
 */
export function parseGoal(text: string, table: ClassTable): AttackerGoal {
  const [match, kind, name] = GOAL_PATTERN.exec(text) ?? [];
  if (match === undefined) {
    throw new SegprobeError(
      'USAGE',
      `--goal: expected untargeted, vanish:CLASS or become:CLASS, got ${text}`,
    );
  }
  if (kind === undefined) return { kind: 'untargeted' };
  const names = classNames(table);
  const classNumber = names.indexOf(name!);
  if (classNumber === -1 || classNumber === table.ignoreIndex) {
    const classes = names.filter((_, k) => k !== table.ignoreIndex);
    throw new SegprobeError('USAGE', `--goal: expected one of ${classes.join(', ')}, got ${name}`);
  }
  return { kind: kind as 'vanish' | 'become', classNumber };
}

/**
 * How far a victim still is from what the attack wants, 0..1, the lower the better for the attacker: its mIoU, the IoU of the
 * class that is to vanish, or the share of pixels that it does not take for the class that all are to become.
 */
export function goalScore(
  goal: AttackerGoal,
  { miou, iou, predicted }: Pick<SegmentationScores, 'miou' | 'iou' | 'predicted'>,
): number {
  switch (goal.kind) {
    case 'untargeted':
      return miou ?? 1;
    case 'vanish':
      return iou[goal.classNumber] ?? 0;
    case 'become': {
      const total = predicted.reduce((sum, count) => sum + count, 0);
      return 1 - predicted[goal.classNumber]! / Math.max(total, 1);
    }
  }
}
