import type { AttackSummary } from '../shared/attack-summary.js';
import { fetchBeside } from './fetch-beside.js';
import type { Question, ServiceAnswer } from './worker/protocol.js';

/** What `POST /attack?format=json` answers. */
interface AttackAnswer extends AttackSummary {
  readonly labels: { readonly before: string; readonly after: string };
  readonly milliseconds: Readonly<Record<string, number>>;
}

/**
 * Asks the service about a picture.
 * @param picture - as a file.
 * @throws Error in the service's words.
 */
export async function askService(picture: Blob, question: Question): Promise<ServiceAnswer> {
  const { victim, attacker, strength } = question;
  // Without an attack, one that changes nothing.
  const query = { attacker: attacker ?? 'noise', strength: String(attacker ? strength : 0) };
  const attack = (format: string): Promise<Response> => {
    const body = new FormData();
    body.append('image', picture, 'picture.png');
    const parameters = new URLSearchParams({ ...query, model: victim, format });
    return fetchBeside(`attack?${parameters}`, { method: 'POST', body });
  };
  const [json, attacked] = await Promise.all([attack('json'), attack('attacked')]);
  const { labels, milliseconds, ...summary } = (await json.json()) as AttackAnswer;
  return {
    attacked: await attacked.blob(),
    before: fromBase64(labels.before),
    after: fromBase64(labels.after),
    summary,
    milliseconds: { inference: milliseconds['inference'] ?? null },
  };
}

function fromBase64(text: string): Blob {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: 'image/png' });
}
