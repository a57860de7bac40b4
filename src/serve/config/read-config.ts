import { createHash } from 'node:crypto';
import path from 'node:path';
import { z } from 'zod';
import { readFileWhole } from '../../data/files.js';
import { SegprobeError, messageOf } from '../../shared/errors.js';
import { type Config, configSchema, DEFAULT_CONFIG, type Setting, SETTINGS } from './schema.js';

export interface ConfigSources {
  /** Values of flags as they were typed, by setting. */
  readonly flags?: Readonly<Partial<Record<Setting, unknown>>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** A JSON file of settings. @defaultValue what `SEGPROBE_CONFIG` names, or none */
  readonly file?: string | undefined;
}

export interface FoundConfig {
  readonly config: Config;
  /** Where each setting that is not the default comes from, e.g. `SEGPROBE_PORT`; data sets and keys from several places. */
  readonly origins: ReadonlyMap<Setting, string>;
}

/** Values of one source, each by what messages call it. */
type Layer = readonly { readonly key: Setting; readonly value: unknown; readonly origin: string }[];

/** These grow with each source; of the others the last one counts. */
const MERGED: readonly Setting[] = ['datasets', 'apiKeys'];

/**
 * Puts the configuration together: flags before environment (`SEGPROBE_` and the setting's name) before file before defaults.
 * Relative folders in the file start where the file lies.
 *
 * @throws SegprobeError `USAGE` naming the source, the setting, what was expected and what was found; as `readFileWhole` for the
 *   file.
 */
export async function readConfig({
  flags = {},
  env = {},
  ...rest
}: ConfigSources): Promise<FoundConfig> {
  const file = rest.file ?? env['SEGPROBE_CONFIG'];
  const layers = [
    ...(file ? await fileLayer(file) : []),
    ...environmentLayer(env),
    ...flagLayer(flags),
  ];
  const config: Record<Setting, unknown> = { ...DEFAULT_CONFIG };
  const origins = new Map<Setting, string>();
  for (const { key, value, origin } of layers) {
    const found = check<unknown>(configSchema.shape[key], value, origin);
    const isMerged = MERGED.includes(key);
    config[key] = isMerged ? { ...(config[key] as object), ...(found as object) } : found;
    const before = origins.get(key);
    origins.set(key, isMerged && before !== undefined ? `${before}, ${origin}` : origin);
  }
  return { config: config as Config, origins };
}

/** `maxQueue` → `SEGPROBE_MAX_QUEUE`. */
export function environmentName(key: Setting): string {
  return `SEGPROBE_${words(key, '_').toUpperCase()}`;
}

/** `maxQueue` → `--max-queue`; a data set is given one at a time. */
export function flagName(key: Setting): string {
  return key === 'datasets' ? '--dataset' : `--${words(key, '-')}`;
}

function words(key: Setting, separator: string): string {
  return key.replace(/[A-Z]/g, (letter) => separator + letter.toLowerCase());
}

async function fileLayer(file: string): Promise<Layer> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(await readFileWhole(file)));
  } catch (cause) {
    if (cause instanceof SegprobeError) throw cause;
    throw new SegprobeError('USAGE', `${file}: expected JSON, got ${messageOf(cause)}`, { cause });
  }
  const settings = check(z.record(z.string(), z.unknown()), json, file);
  const base = path.dirname(path.resolve(file));
  return Object.entries(settings).map(([key, value]) => {
    if (!isSetting(key)) {
      throw new SegprobeError(
        'USAGE',
        `${file}: expected settings (${SETTINGS.join(', ')}), got "${key.slice(0, 100)}"`,
      );
    }
    return { key, value: fromBase(base, key, value), origin: `${file}: ${key}` };
  });
}

function isSetting(key: string): key is Setting {
  return Object.hasOwn(configSchema.shape, key);
}

function fromBase(base: string, key: Setting, value: unknown): unknown {
  const resolve = (own: unknown): unknown =>
    typeof own === 'string' && own !== '' ? path.resolve(base, own) : own;
  if (key === 'models' || key === 'store' || key === 'uploads') return resolve(value);
  if (key !== 'datasets' || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, own]) => {
      const place: unknown = typeof own === 'string' ? placeOf(own) : own;
      if (typeof place !== 'object' || place === null || !('dir' in place)) return [name, place];
      return [name, { ...place, dir: resolve(place.dir) }];
    }),
  );
}

function environmentLayer(env: NonNullable<ConfigSources['env']>): Layer {
  const layer = SETTINGS.flatMap((key) => {
    const origin = environmentName(key);
    const value = env[origin];
    // Empty is not set, as in compose files.
    return value ? [{ key, value: fromText(key, value.split(',')), origin }] : [];
  });
  const key = env['SEGPROBE_API_KEY'];
  if (!key) return layer;
  const digest = key.startsWith('sha256:') ? key : `sha256:${sha256(key)}`;
  return [...layer, { key: 'apiKeys', value: { env: digest }, origin: 'SEGPROBE_API_KEY' }];
}

function flagLayer(flags: NonNullable<ConfigSources['flags']>): Layer {
  return SETTINGS.flatMap((key) => {
    const value = flags[key];
    if (value === undefined) return [];
    const texts = Array.isArray(value) ? (value as string[]) : [value];
    return [{ key, value: fromText(key, texts), origin: flagName(key) }];
  });
}

/** What a text means where this setting is wanted; what means nothing stays, and is refused by the schema. */
function fromText(key: Setting, texts: readonly unknown[]): unknown {
  if (key === 'datasets') {
    const pairs = texts.map((text) => pairOf(String(text)));
    return Object.fromEntries(pairs.map(([name, place]) => [name, placeOf(place)]));
  }
  if (key === 'apiKeys') return Object.fromEntries(texts.map((text) => pairOf(String(text))));
  const value = texts.length === 1 ? texts[0] : texts.join(',');
  if (typeof value !== 'string') return value;
  const readings = [
    value,
    ...(/^\d+$/.test(value) ? [Number(value)] : []),
    ...(value === 'true' || value === 'false' ? [value === 'true'] : []),
  ];
  return readings.find((own) => configSchema.shape[key].safeParse(own).success) ?? value;
}

/** `NAME=REST`. */
function pairOf(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** `LAYOUT:DIR`. */
function placeOf(text: string): { readonly layout: string; readonly dir: string } {
  const at = text.indexOf(':');
  return at < 0
    ? { layout: text, dir: '' }
    : { layout: text.slice(0, at), dir: text.slice(at + 1) };
}

function check<T>(schema: z.ZodType<T, unknown>, value: unknown, origin: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues as [z.core.$ZodIssue];
  const { message } = issue.code === 'invalid_key' ? issue.issues[0]! : issue;
  const where = [origin, ...issue.path.map(String)].join(': ');
  throw new SegprobeError('USAGE', `${where}: ${message}`, { cause: result.error });
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
