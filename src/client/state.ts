import { computed, type Signal, signal } from '@preact/signals';
import type { PageModel } from '../shared/page-models.js';
import type { Size } from '../shared/size.js';
import type { AheadSlider } from './look-ahead.js';
import { fromFragment, type Settings } from './settings.js';
import type { Answer, Engine, Milliseconds, Question } from './worker/protocol.js';

/** What the page says of itself. */
export interface Status {
  readonly kind: 'busy' | 'ready' | 'fault';
  readonly words: string;
}

type Signals<T> = { readonly [K in keyof T]: Signal<T[K]> };

/** All that a person has chosen, a signal each. */
export const settings: Signals<Settings> = signalsOf(fromFragment(location.hash.slice(1)));

export const status = signal<Status>({ kind: 'busy', words: 'Starting' });
/** What went wrong last, in words; null once it is taken note of. */
export const fault = signal<string | null>(null);
/** How often something went wrong. */
export const failures = signal(0);
/** Sent to a service that asks for one. */
export const apiKey = signal('');
export const needsKey = signal(false);
/** A model file that does not say what it is. */
export const unnamedModel = signal<{ readonly file: File; readonly why: string } | null>(null);
/** The models' files that were fetched. */
export const fetched = signal<readonly string[]>([]);
/** Whether the page works without a network from now on. */
export const isOffline = signal(false);
/** Whether files are held over the page. */
export const isDropping = signal(false);
/** Whether a camera or a film is looked at. */
export const isLive = signal(false);
/** The slider that was moved last, and whether all of its positions are answered ahead. */
export const lastSlider = signal<AheadSlider>('strength');
export const isAhead = signal(false);
/** Whether a slider is held that was not moved since: nothing is computed ahead then, what it asks comes first. */
export const isHeld = signal(false);
export const models = signal<readonly PageModel[]>([]);
/** Whether a service stands behind the page. */
export const hasService = signal(false);
export const engine = signal<Engine | null>(null);
/** The picture in work: its name, and its size. */
export const picture = signal<{
  readonly name: string;
  readonly size: Size;
  readonly scaledFrom: Size | null;
} | null>(null);
/** A picture of what is right at each pixel. */
export const truth = signal<{ readonly name: string; readonly file: Blob } | null>(null);
export const answer = signal<Answer | null>(null);
/** How many answers there were to just what was asked. */
export const answerNumber = signal(0);
/** How often something was shown, of a position nearby too. */
export const shownNumber = signal(0);
/** What the answer on the screen is of. */
export const answered = signal<Question | null>(null);
/** Whether that is what was asked; until then the answer is of a position nearby, or of what was asked before. */
export const isExact = signal(false);
/** Where the answer's time went. */
export const took = signal<Milliseconds>({});
/** Where the pointer is on the pictures, in shares of their size. */
export const pointer = signal<{ readonly x: number; readonly y: number } | null>(null);
/** Whether the attacked panes show the picture as it was. */
export const isComparing = signal(false);

export const victims = computed(() => models.value.filter(({ facts }) => facts.kind === 'victim'));
export const attackers = computed(() =>
  models.value.filter(({ facts }) => facts.kind === 'attacker'),
);
export const victim = computed(
  () => victims.value.find(({ name }) => name === settings.victim.value) ?? null,
);
/** The number of the class that is followed. */
export const followed = computed(() => {
  const number = victim.value?.facts.classes.indexOf(settings.follow.value ?? '') ?? -1;
  return number < 0 ? null : number;
});

/** How pictures are painted. */
export const brush = computed(() => ({ gain: settings.gain.value, follow: followed.value }));

/** The settings as they are now. */
export function currentSettings(): Settings {
  const entries = Object.entries(settings).map(([key, { value }]) => [key, value] as const);
  return Object.fromEntries(entries) as unknown as Settings;
}

function signalsOf<T extends object>(values: T): Signals<T> {
  const entries = Object.entries(values).map(([key, value]) => [key, signal<unknown>(value)]);
  return Object.fromEntries(entries) as Signals<T>;
}
