import type { Request } from 'express';
import { type AttackMethod, findMethod } from '../inference/attack-method.js';
import { findVictim } from '../inference/find-model.js';
import type { OpenedModel } from '../inference/open-model.js';
import type { InferencePool } from '../inference/pool.js';
import { SegprobeError } from '../shared/errors.js';

/**
 * One value of a query.
 * @throws SegprobeError `INVALID_REQUEST` where it is there several times.
 */
export function queried({ query }: Request, name: string): string | undefined {
  const value = query[name];
  if (value === undefined || typeof value === 'string') return value;
  throw new SegprobeError('INVALID_REQUEST', `expected one ${name}, got several`);
}

/**
 * The victim that `?model=` names; the first by name without.
 * @throws SegprobeError `MODEL_NOT_FOUND`, and as {@link queried}.
 */
export function queriedVictim(pool: InferencePool, request: Request): OpenedModel {
  return findVictim(pool.models, queried(request, 'model'));
}

/**
 * What `?attacker=` or `?method=` names: an attacker, or a control; the first attacker by name without.
 * @throws SegprobeError `MODEL_NOT_FOUND`, `INVALID_REQUEST` for both, and as {@link queried}.
 */
export function queriedMethod(pool: InferencePool, request: Request): AttackMethod {
  const [attacker, method] = [queried(request, 'attacker'), queried(request, 'method')];
  if (attacker !== undefined && method !== undefined) {
    throw new SegprobeError('INVALID_REQUEST', 'expected ?attacker= or ?method=, got both');
  }
  return findMethod(pool.models, attacker ?? method);
}

/**
 * What `?strength=` says: 0..1, 1 without.
 * @throws SegprobeError `INVALID_REQUEST` for anything else, and as {@link queried}.
 */
export function queriedStrength(request: Request): number {
  const text = queried(request, 'strength') ?? '1';
  const strength = text.trim() === '' ? NaN : Number(text);
  if (strength >= 0 && strength <= 1) return strength;
  throw new SegprobeError(
    'INVALID_REQUEST',
    `expected a strength from 0 to 1, got ${JSON.stringify(text).slice(0, 100)}`,
  );
}
