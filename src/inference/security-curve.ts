import type { Dataset } from '../data/dataset.js';
import type { EvaluationResult } from '../shared/evaluation.js';
import { evaluateDataset, type EvaluateDatasetOptions } from './evaluate-dataset.js';
import type { Perturber } from './scene-pool.js';

/** A way to perturb pictures at every strength. */
export interface CurveMethod {
  readonly name: string;
  /** Knows no victim: what an attack must be worse than. */
  readonly isControl: boolean;
  /** Makes it ready for a strength. The curve disposes it. */
  at(epsilon: number): Promise<CurvePerturber> | CurvePerturber;
}

export interface CurvePerturber extends Perturber {
  /** Scenes so far in which it saw no gradient to follow. */
  readonly withoutGradient?: number;
  dispose?(): void;
}

/** What one method did at one strength. */
export interface CurvePoint {
  readonly method: string;
  readonly epsilon: number;
  readonly result: EvaluationResult;
}

export interface SecurityCurve {
  readonly points: readonly CurvePoint[];
  /** Reasons to doubt an attack, a sentence each: see arXiv:1902.06705, section 4. */
  readonly warnings: readonly string[];
}

export interface SecurityCurveOptions extends Omit<
  EvaluateDatasetOptions,
  'attacker' | 'perturber'
> {
  readonly methods: readonly CurveMethod[];
  /** Ascending, in units of 1. */
  readonly epsilons: readonly number[];
  /** Told before each method and strength. */
  readonly onPoint?: (method: string, epsilon: number) => void;
  /** Told after each. */
  readonly onResult?: (point: CurvePoint) => void;
}

/**
 * Measures a victim under each method at each strength.
 * @throws SegprobeError as {@link evaluateDataset}, and what the methods throw.
 */
export async function securityCurve(
  dataset: Dataset,
  { methods, epsilons, onPoint, onResult, ...options }: SecurityCurveOptions,
): Promise<SecurityCurve> {
  const points: CurvePoint[] = [];
  const blind: string[] = [];
  for (const epsilon of epsilons) {
    for (const method of methods) {
      onPoint?.(method.name, epsilon);
      const perturber = await method.at(epsilon);
      try {
        const result = await evaluateDataset(dataset, { ...options, perturber });
        const point = { method: method.name, epsilon, result };
        points.push(point);
        onResult?.(point);
        const { withoutGradient = 0 } = perturber;
        if (withoutGradient > 0) {
          blind.push(
            `${method.name} at ${formatEpsilon(epsilon)}: the gradient is 0 everywhere in ${withoutGradient} of ${result.images} pictures; an attack that needs none may do better`,
          );
        }
      } finally {
        perturber.dispose?.();
      }
    }
  }
  return { points, warnings: [...blind, ...doubts(points, methods)] };
}

/** Attacks that do no more than noise of the same norm, and attacks that do less with more. */
export function doubts(
  points: readonly CurvePoint[],
  methods: readonly Pick<CurveMethod, 'name' | 'isControl'>[],
): string[] {
  const controls = new Set(methods.filter(({ isControl }) => isControl).map(({ name }) => name));
  const attacked = ({ result }: CurvePoint): number => result.miouAttacked ?? 1;
  const found: string[] = [];
  for (const point of points) {
    if (controls.has(point.method)) continue;
    const at = `${point.method} at ${formatEpsilon(point.epsilon)}`;
    for (const other of points) {
      if (other.epsilon === point.epsilon && controls.has(other.method)) {
        if (attacked(point) >= attacked(other)) {
          found.push(
            `${at} leaves more mIoU than ${other.method} of the same norm: the attack fails, not the danger`,
          );
        }
      }
    }
    const weaker = points.filter(
      ({ method, epsilon }) => method === point.method && epsilon < point.epsilon,
    );
    if (weaker.some((other) => attacked(other) < attacked(point) - 0.01)) {
      found.push(
        `${at} leaves more mIoU than with a smaller budget: more steps or restarts may help`,
      );
    }
  }
  return found;
}

/** `8/255`, or the number itself where it is no whole number of steps. */
export function formatEpsilon(epsilon: number): string {
  const steps = 255 * epsilon;
  return epsilon <= 1 && Math.abs(steps - Math.round(steps)) < 1e-6
    ? `${Math.round(steps)}/255`
    : String(epsilon);
}
