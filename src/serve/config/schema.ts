import { z } from 'zod';
import { DATASET_NAMES, LAYOUT_NAMES } from '../../data/open-dataset.js';
import { DEFAULT_MODELS_FOLDER } from '../../inference/open-model.js';
import { PROVIDER_CHOICES } from '../../inference/provider.js';

const MIB = 2 ** 20;
const NAME = /^[\w.-]{1,64}$/;
/** The data set that is drawn: always there, and nobody else's name. */
const DRAWN = DATASET_NAMES.filter((name) => !LAYOUT_NAMES.includes(name));

const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

const text = z.string({ error: refused('some text') }).min(1, { error: refused('some text') });
const flag = z.boolean({ error: refused('true or false') });
const provider = z.enum(PROVIDER_CHOICES, { error: refused(PROVIDER_CHOICES.join(', ')) });
const logLevel = z.enum(LEVELS, { error: refused(LEVELS.join(', ')) });
// Never with the value, which may be the key itself.
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, {
  error: 'expected "sha256:" and 64 hex digits (printf %s KEY | sha256sum), got something else',
});
const redisUrl = z.url({
  protocol: /^rediss?$/,
  error: 'expected redis://HOST:PORT or rediss://HOST:PORT, got something else',
});
const keyName = z
  .string()
  .regex(NAME, { error: refused('a name of letters, digits, "." and "-"') });
const datasetName = z.string().refine((name) => NAME.test(name) && !DRAWN.includes(name), {
  error: refused(`a name of letters, digits, "." and "-", and not ${DRAWN.join()}`),
});

/** How a data set lies in its folder, and where. */
const datasetPlace = z.strictObject({
  layout: z.enum(LAYOUT_NAMES as [string, ...string[]], {
    error: refused(`a layout (${LAYOUT_NAMES.join(', ')})`),
  }),
  dir: z.string().min(1, { error: 'expected NAME=LAYOUT:DIR with a folder, got none' }),
});

/**
 * Every setting of the service, with its default: one schema for flags, environment and file. `argument` is what `--help` shows
 * behind a flag; a setting without one is a switch.
 */
export const configSchema = z.strictObject({
  host: setting(text, '127.0.0.1', 'address to listen on', '<host>'),
  port: setting(whole(0, 65535), 8080, 'port to listen on; 0 takes a free one', '<port>'),
  models: setting(text, DEFAULT_MODELS_FOLDER, 'folder of the models', '<dir>'),
  watch: setting(flag, true, 'take up models that change on disk'),
  provider: setting(
    provider,
    'cpu',
    'what models run on: cpu, cuda, webgpu, or auto (CUDA where it works); the CPU where it does not',
    '<name>',
  ),
  workers: setting(whole(1, 256).nullable(), null, 'pictures to work on at once', '<n>'),
  maxQueue: setting(whole(0, 1e5), 64, 'requests that may wait', '<n>'),
  maxWaitMs: setting(
    whole(0, 1e6),
    150,
    'time that the last of them may have to wait, as requests have taken lately; 0: any',
    '<ms>',
  ),
  maxBodyBytes: setting(whole(1, 2 ** 31), 32 * MIB, 'bytes of a request', '<n>'),
  maxPixels: setting(whole(64, 2 ** 28), 2 ** 25, 'pixels of a picture', '<n>'),
  maxImages: setting(whole(1, 1000), 16, 'pictures in a request', '<n>'),
  maxBufferedBytes: setting(whole(1, 2 ** 40), 512 * MIB, 'bytes of all requests at once', '<n>'),
  cacheBytes: setting(whole(0, 2 ** 40), 64 * MIB, 'bytes of answers to keep; 0: none', '<n>'),
  rateLimit: setting(
    whole(0, 1e6).nullable(),
    null,
    'requests a minute of one key or address; 0: any number (default: 0 on loopback, 600 elsewhere)',
    '<n>',
  ),
  trustProxy: setting(whole(0, 16), 0, 'proxies whose X-Forwarded-For counts', '<n>'),
  requestSeconds: setting(whole(1, 86_400), 120, 'a request must have arrived within', '<s>'),
  drainSeconds: setting(whole(0, 86_400), 30, 'what is in flight may take at the end', '<s>'),
  logLevel: setting(
    logLevel,
    'info',
    `least weight of what is logged: ${LEVELS.join(', ')}`,
    '<level>',
  ),
  apiKeys: setting(z.record(keyName, digest), {}, 'keys by name, one for a request'),
  insecure: setting(flag, false, 'listen on any address without an API key'),
  datasets: setting(
    z.record(datasetName, datasetPlace),
    {},
    `a data set for evaluations, any number of times; layouts: ${LAYOUT_NAMES.join(', ')}`,
    '<name=layout:dir>',
  ),
  store: setting(
    text.nullable(),
    null,
    'file that keeps evaluations (default: ~/.local/state/segprobe/evaluations.db)',
    '<file>',
  ),
  uploads: setting(
    text.nullable(),
    null,
    'folder of uploaded pictures (default: beside the store); servers and workers on one Redis share it',
    '<dir>',
  ),
  maxUploadBytes: setting(whole(1, 2 ** 40), 1024 * MIB, 'bytes of an upload', '<n>'),
  redis: setting(redisUrl.nullable(), null, 'Redis that shares evaluations out', '<url>'),
});

/** How the service is set up. */
export type Config = Readonly<z.infer<typeof configSchema>>;
export type Setting = keyof Config;

export const DEFAULT_CONFIG: Config = configSchema.parse({});
export const SETTINGS = Object.keys(configSchema.shape) as Setting[];

function setting<T extends z.ZodType>(
  schema: T,
  fallback: z.util.NoUndefined<z.output<T>>,
  description: string,
  argument?: string,
): z.ZodDefault<T> {
  return schema.default(fallback).meta({ description, argument });
}

function whole(least: number, most: number): z.ZodInt {
  const error = refused(`a whole number from ${least} to ${most}`);
  return z.int({ error }).min(least, { error }).max(most, { error });
}

function refused(expected: string): (issue: { readonly input?: unknown }) => string {
  return ({ input }) =>
    `expected ${expected}, got ${JSON.stringify(input)?.slice(0, 100) ?? 'none'}`;
}
