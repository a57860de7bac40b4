import { fetchBeside } from './fetch-beside.js';
import { save } from './keep.js';
import { attempt, say } from './say.js';
import { settings, status } from './state.js';

/** Drawn scenes that are looked at. */
const SCENES = 12;

/**
 * Has the service look for the faults of the victim in drawn scenes, under the attacker if one is chosen, and saves the report as one HTML
 * file.
 */
export function keepFaults(): Promise<void> {
  return attempt(async () => {
    say(`The server evaluates ${SCENES} drawn scenes`);
    const asked = {
      ...{ dataset: 'sample', split: 'val', limit: SCENES },
      victim: settings.victim.peek(),
      attacker: settings.attacker.peek() || null,
    };
    const body = new Blob([JSON.stringify(asked)], { type: 'application/json' });
    const submitted = await fetchBeside('evaluations', { method: 'POST', body });
    const { id } = (await submitted.json()) as { id: string };
    // The stream ends when the evaluation does.
    await (await fetchBeside(`evaluations/${id}/events`)).text();
    say('The server looks for faults');
    save(await (await fetchBeside(`evaluations/${id}/faults`)).blob(), 'faults.html');
    status.value = { kind: 'ready', words: '' };
  });
}
