import type { Config } from './schema.js';

/** The configuration as a file would hold it, keys and passwords left out. */
export function showConfig(config: Config): object {
  return {
    ...config,
    apiKeys: Object.fromEntries(Object.keys(config.apiKeys).map((name) => [name, 'sha256:…'])),
    redis: config.redis && withoutPassword(config.redis),
  };
}

/** An address that may be logged. */
export function withoutPassword(url: string): string {
  const shown = new URL(url);
  if (shown.password !== '') shown.password = '…';
  return decodeURI(shown.href);
}
