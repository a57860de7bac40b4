import type { Dataset } from '../../data/dataset.js';
import { pickScenes } from '../../data/pick-scenes.js';
import { spread } from '../display-scenes.js';
import { evaluateDataset } from '../evaluate-dataset.js';
import type { OpenedModel } from '../open-model.js';

/** What attackers do to victims that they were not made against, too. mIoUs are in 0..1; null is what there is none of. */
export interface AttackTransfer {
  readonly images: number;
  /** Names, in the order of the mIoUs. */
  readonly victims: readonly string[];
  readonly clean: readonly (number | null)[];
  readonly attackers: readonly {
    readonly name: string;
    /** The victim that it was trained against, where its card says so. */
    readonly trainedAgainst: string | null;
    /** The greatest change of a colour that was seen, 0..1. */
    readonly linf: number;
    readonly mious: readonly (number | null)[];
  }[];
}

/**
 * Measures every attacker on every victim, on some scenes spread evenly over the split.
 *
 * @param victims - of the same classes.
 * @param order - the scenes to spread over, by index.
 * @param count - how many scenes.
 * @throws SegprobeError as `evaluateDataset`.
 */
export async function measureTransfer(
  dataset: Dataset,
  options: {
    readonly victims: readonly OpenedModel[];
    readonly attackers: readonly OpenedModel[];
    readonly order: readonly number[];
    readonly count: number;
    readonly threads?: number | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<AttackTransfer> {
  const { victims, attackers, order, count, threads, signal } = options;
  const picked = spread(count, order.length).map((i) => order[i]!);
  const scenes = pickScenes(dataset, picked);
  const clean: (number | null)[] = [];
  const measured: AttackTransfer['attackers'][number][] = [];
  for (const attacker of attackers) {
    const mious: (number | null)[] = [];
    let greatest = 0;
    for (const [i, victim] of victims.entries()) {
      const found = await evaluateDataset(scenes, { victim, attacker, threads, signal });
      clean[i] = found.miou;
      mious.push(found.miouAttacked);
      greatest = Math.max(greatest, found.linf ?? 0);
    }
    const trainedAgainst = victimOf(attacker);
    measured.push({ name: attacker.name, trainedAgainst, linf: greatest, mious });
  }
  return {
    images: picked.length,
    victims: victims.map(({ name }) => name),
    clean,
    attackers: measured,
  };
}

/** Those of some models that can be compared with a victim: victims of its classes, and attackers. */
export function comparableWith(
  victim: OpenedModel,
  models: Iterable<OpenedModel>,
): { readonly victims: OpenedModel[]; readonly attackers: OpenedModel[] } {
  const all = [...models].sort((a, b) => a.name.localeCompare(b.name, 'en'));
  const classes = victim.facts.classes.join('\n');
  const others = all.filter(
    ({ name, facts }) =>
      name !== victim.name && facts.kind === 'victim' && facts.classes.join('\n') === classes,
  );
  return {
    victims: [victim, ...others],
    attackers: all.filter(({ facts }) => facts.kind === 'attacker'),
  };
}

function victimOf({ manifest }: OpenedModel): string | null {
  const victim = manifest?.training?.['victim'];
  const name = typeof victim === 'object' && victim !== null && 'name' in victim && victim.name;
  return typeof name === 'string' ? name : null;
}
