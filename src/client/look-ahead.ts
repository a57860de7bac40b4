import { GREATEST_EPSILON, STRENGTH_STEP } from './settings.js';
import type { Question } from './worker/protocol.js';

/** Sliders whose positions are answered ahead. */
export type AheadSlider = 'strength' | 'epsilon';

/** The questions that a slider may ask next: nearest positions first, downwards before upwards. */
export function positionsAround(question: Question, slider: AheadSlider): Question[] {
  if (question.attacker === null) return [];
  const [positions, now] =
    slider === 'strength'
      ? [strengths(), question.strength]
      : [epsilons(), question.epsilon ?? GREATEST_EPSILON + 1];
  return positions
    .filter((position) => position !== now)
    .sort((a, b) => Math.abs(a - now) - Math.abs(b - now) || a - b)
    .map((position) =>
      slider === 'strength'
        ? { ...question, strength: position }
        : { ...question, epsilon: position > GREATEST_EPSILON ? null : position },
    );
}

function strengths(): number[] {
  const steps = 100 / STRENGTH_STEP;
  return Array.from({ length: steps }, (_, i) => ((i + 1) * STRENGTH_STEP) / 100);
}

function epsilons(): number[] {
  return Array.from({ length: GREATEST_EPSILON + 1 }, (_, i) => i + 1);
}
