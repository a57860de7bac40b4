/** Where pictures are computed. */
export type Place = 'browser' | 'server';

/** What a person has chosen: all that a link restores. */
export interface Settings {
  /** A sample's number; null for a picture of one's own. */
  readonly sample: number | null;
  /** Names; null where nothing was chosen. */
  readonly victim: string | null;
  /** An attacker or a control; an empty name leaves the picture as it is. */
  readonly attacker: string | null;
  /** Share of the attacker's change, 0..1. */
  readonly strength: number;
  /** The most that a value may change, in 1/255; null for no limit. */
  readonly epsilon: number | null;
  /** How much the difference is amplified. */
  readonly gain: number;
  /** Of the classes' colours over the picture, 0..1. */
  readonly opacity: number;
  /** The name of a class to follow. */
  readonly follow: string | null;
  readonly place: Place;
}

export const DEFAULT_SETTINGS: Settings = {
  sample: 0,
  victim: null,
  attacker: null,
  strength: 1,
  epsilon: null,
  gain: 10,
  opacity: 0.8,
  follow: null,
  place: 'browser',
};

/** Changes of more than this, in 1/255, are not limited: the slider's end. */
export const GREATEST_EPSILON = 32;
export const GREATEST_GAIN = 20;
/** Of the strength, in percent. */
export const STRENGTH_STEP = 5;

/** Writes settings as a link's fragment; what is as by default is left out. */
export function toFragment(settings: Settings): string {
  const { sample, victim, attacker, strength, epsilon, gain, opacity, follow, place } = settings;
  const entries: Record<keyof Settings, string | null> = {
    sample: sample === null ? null : String(sample),
    victim,
    attacker,
    strength: percent(strength),
    epsilon: epsilon === null ? null : String(epsilon),
    gain: String(gain),
    opacity: percent(opacity),
    follow,
    place,
  };
  const query = new URLSearchParams();
  for (const [key, text] of Object.entries(entries)) {
    const isDefault = settings[key as keyof Settings] === DEFAULT_SETTINGS[key as keyof Settings];
    if (text !== null && !isDefault) query.set(key, text);
  }
  return query.toString();
}

/** Reads a link's fragment; what makes no sense is as by default. */
export function fromFragment(fragment: string): Settings {
  const query = new URLSearchParams(fragment);
  const within = (key: string, least: number, greatest: number): number | undefined => {
    const text = query.get(key) ?? '';
    const value = text.trim() === '' ? NaN : Number(text);
    return value >= least && value <= greatest ? value : undefined;
  };
  const whole = (key: string, least: number, greatest: number): number | undefined => {
    const value = within(key, least, greatest);
    return Number.isInteger(value) ? value : undefined;
  };
  const share = (key: string): number | undefined => {
    const value = within(key, 0, 100);
    return value === undefined ? undefined : value / 100;
  };
  const defaults = DEFAULT_SETTINGS;
  return {
    sample: whole('sample', 0, 99) ?? defaults.sample,
    victim: query.get('victim'),
    attacker: query.get('attacker'),
    strength: share('strength') ?? defaults.strength,
    epsilon: whole('epsilon', 1, GREATEST_EPSILON) ?? defaults.epsilon,
    gain: whole('gain', 1, GREATEST_GAIN) ?? defaults.gain,
    opacity: share('opacity') ?? defaults.opacity,
    follow: query.get('follow'),
    place: query.get('place') === 'server' ? 'server' : 'browser',
  };
}

function percent(share: number): string {
  return String(Math.round(100 * share));
}
