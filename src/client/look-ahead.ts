import { GREATEST_EPSILON, STRENGTH_STEP } from './settings.js';
import type { Question } from './worker/protocol.js';

/** Sliders whose positions are answered ahead. */
export type AheadSlider = 'strength' | 'epsilon';

/** How a slider was moved: down, up, or neither. */
export type Direction = -1 | 0 | 1;

/** Positions behind the move are as far as twice as many before it. */
const BEHIND = 2;
/** Behind the greatest epsilon lies none at all. */
const NO_EPSILON = GREATEST_EPSILON + 1;

/** The questions that a slider may ask next: the nearest positions first, of equally near ones that in its direction, or else the lower. */
export function positionsAround(
  question: Question,
  slider: AheadSlider,
  direction: Direction = 0,
): Question[] {
  if (question.attacker === null) return [];
  const now = positionOf(question, slider);
  const far = (position: number): number => {
    const isBehind = direction !== 0 && Math.sign(position - now) !== direction;
    return Math.abs(position - now) * (isBehind ? BEHIND : 1);
  };
  return (slider === 'strength' ? strengths() : epsilons())
    .filter((position) => position !== now)
    .sort((a, b) => far(a) - far(b) || (b - a) * (direction || -1))
    .map((position) =>
      slider === 'strength'
        ? { ...question, strength: position / 100 }
        : { ...question, epsilon: position === NO_EPSILON ? null : position },
    );
}

/** How a slider was moved from one question to the next. */
export function directionOf(from: Question, to: Question, slider: AheadSlider): Direction {
  return Math.sign(positionOf(to, slider) - positionOf(from, slider)) as Direction;
}

/** Whole numbers: percent, or 1/255. */
function positionOf({ strength, epsilon }: Question, slider: AheadSlider): number {
  return slider === 'strength' ? Math.round(100 * strength) : (epsilon ?? NO_EPSILON);
}

function strengths(): number[] {
  const steps = 100 / STRENGTH_STEP;
  return Array.from({ length: steps }, (_, i) => (i + 1) * STRENGTH_STEP);
}

function epsilons(): number[] {
  return Array.from({ length: NO_EPSILON }, (_, i) => i + 1);
}
