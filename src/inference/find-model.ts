import { SegprobeError } from '../shared/errors.js';
import type { OpenedModel } from './open-model.js';

/**
 * Finds a victim by name.
 *
 * @param name - the first by name if undefined.
 * @throws SegprobeError `MODEL_NOT_FOUND` naming those there are.
 */
export function findVictim(
  models: ReadonlyMap<string, OpenedModel>,
  name: string | undefined,
): OpenedModel {
  return findModel(models, 'victim', name);
}

/**
 * Finds an attacker by name.
 *
 * @param name - the first by name if undefined.
 * @throws SegprobeError `MODEL_NOT_FOUND` naming those there are.
 */
export function findAttacker(
  models: ReadonlyMap<string, OpenedModel>,
  name: string | undefined,
): OpenedModel {
  return findModel(models, 'attacker', name);
}

function findModel(
  models: ReadonlyMap<string, OpenedModel>,
  kind: OpenedModel['facts']['kind'],
  name: string | undefined,
): OpenedModel {
  const ofKind = [...models.values()].filter(({ facts }) => facts.kind === kind);
  const found = name === undefined ? ofKind[0] : models.get(name);
  if (found?.facts.kind === kind) return found;
  const names = ofKind.map((model) => model.name).join(', ') || 'none';
  const got = name === undefined ? 'none' : `"${name}"`;
  // A name of the other kind is a slip that a list of names alone would not explain.
  const slip =
    found === undefined
      ? ''
      : `, which is ${found.facts.kind === 'victim' ? 'a victim' : 'an attacker'}`;
  throw new SegprobeError(
    'MODEL_NOT_FOUND',
    `expected the name of ${kind === 'victim' ? 'a victim' : 'an attacker'} (${names}), got ${got}${slip}`,
  );
}
