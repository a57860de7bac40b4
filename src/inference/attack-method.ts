import { CONTROLS } from '../data/controls/index.js';
import type { Control, Rgb8 } from '../data/controls/control.js';
import { SegprobeError } from '../shared/errors.js';
import { findAttacker } from './find-model.js';
import type { OpenedModel } from './open-model.js';

/** What changes a picture: an attacker, a control that knows no victim, or something that is computed elsewhere. */
export type AttackMethod =
  | { readonly kind: 'attacker'; readonly name: string }
  | { readonly kind: 'control'; readonly name: string; readonly control: Control }
  | {
      readonly kind: 'computed';
      readonly name: string;
      /**
       * Perturbs a picture of the victim's size.
       * @param labels - what the victim says of it, class numbers `[H, W]` flattened.
       */
      compute(picture: Rgb8, labels: Uint8Array): Promise<Uint8Array<ArrayBuffer>>;
    };

/**
 * Finds an attacker or a control by name.
 *
 * @param name - the first attacker by name if undefined.
 * @throws SegprobeError `MODEL_NOT_FOUND` naming those there are.
 */
export function findMethod(
  models: ReadonlyMap<string, OpenedModel>,
  name: string | undefined,
): AttackMethod {
  const attackers = [...models.values()].filter(({ facts }) => facts.kind === 'attacker');
  if (name === undefined && attackers[0] !== undefined) {
    return { kind: 'attacker', name: attackers[0].name };
  }
  if (name !== undefined && models.get(name)?.facts.kind === 'attacker') {
    return { kind: 'attacker', name: findAttacker(models, name).name };
  }
  if (name !== undefined && Object.hasOwn(CONTROLS, name)) {
    return { kind: 'control', name, control: CONTROLS[name]! };
  }
  const names = [...attackers.map((model) => model.name), ...Object.keys(CONTROLS)].join(', ');
  throw new SegprobeError(
    'MODEL_NOT_FOUND',
    `expected the name of an attacker or a control (${names}), got ${name === undefined ? 'none, and no attacker is there' : `"${name}"`}`,
  );
}

/**
 * The strength of a control for a share of it.
 * @param share - 0..1: from its least strength to its greatest.
 */
export function strengthOf({ range: [least, greatest], isWhole }: Control, share: number): number {
  const strength = least + share * (greatest - least);
  return isWhole ? Math.round(strength) : strength;
}
