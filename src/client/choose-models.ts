import type { PageModel } from '../shared/page-models.js';

/** Changes of more than this are easily seen. */
const HARDLY_SEEN = 16 / 255;

/** The victim of that name, or else the first. */
export function chooseVictim(models: readonly PageModel[], name: string | null): string | null {
  return (
    chosen(models, 'victim', name) ??
    models.find(({ facts }) => facts.kind === 'victim')?.name ??
    null
  );
}

/**
 * The attacker of that name, or else of those whose change hardly anybody sees the one that leaves least.
 * @param name - empty for none; a control's name is as good.
 */
export function chooseAttacker(models: readonly PageModel[], name: string | null): string {
  if (name === '' || name === 'noise' || name === 'hue') return name;
  const known = chosen(models, 'attacker', name);
  if (known !== null) return known;
  const attackers = models.filter(({ facts }) => facts.kind === 'attacker');
  const [best] = attackers
    .filter(({ measured }) => (measured?.linf ?? Infinity) <= HARDLY_SEEN)
    .sort((a, b) => (a.measured?.miouAttacked ?? 1) - (b.measured?.miouAttacked ?? 1));
  return (best ?? attackers[0])?.name ?? '';
}

function chosen(
  models: readonly PageModel[],
  kind: PageModel['facts']['kind'],
  name: string | null,
): string | null {
  return models.some((model) => model.name === name && model.facts.kind === kind) ? name : null;
}
