import { pino } from 'pino';
import { openModels } from '../../src/inference/open-model.js';
import { startServer } from '../../src/serve/server.js';
import type { RunningServer, ServerOptions } from '../../src/serve/server.js';
import { scratchFolder } from './scratch-folder.js';
import { writeTinyVictim } from './tiny-models.js';

/** A service on a free port with the models `tiny` and `slow`, and a function that ends it. */
export interface TestServer {
  readonly server: RunningServer;
  readonly url: string;
  /** What the service logged, a record a line. */
  readonly log: Record<string, unknown>[];
  readonly stop: () => Promise<void>;
}

/** The size of the model `slow`. */
export const SLOW_SIZE = { height: 192, width: 256 } as const;

export async function startTestServer(
  options: Partial<ServerOptions> & { readonly ballast?: number } = {},
): Promise<TestServer> {
  const { folder, remove } = await scratchFolder();
  const { ballast = 4, ...rest } = options;
  await writeTinyVictim(folder, 'tiny');
  await writeTinyVictim(folder, 'slow', { facts: { inputSize: SLOW_SIZE }, ballast });
  const log: Record<string, unknown>[] = [];
  const logger = pino(
    {
      level: 'info',
    },
    { write: (line) => void log.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const server = await startServer({
    models: (await openModels(folder)).reverse(),
    logger,
    port: 0,
    workers: 1,
    ...rest,
  });
  await server.ready;
  return {
    server,
    url: server.url,
    log,
    stop: async () => {
      await server.close();
      await remove();
    },
  };
}

/** Posts a raw picture. */
export function postPicture(
  url: string,
  body: Uint8Array,
  {
    type = 'image/png',
    headers = {},
    signal,
  }: {
    readonly type?: string;
    readonly headers?: Record<string, string>;
    readonly signal?: AbortSignal;
  } = {},
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    body,
    headers: { 'Content-Type': type, ...headers },
    ...(signal && { signal }),
  });
}

/** A form of files by field name. */
export function formOf(
  ...parts: readonly (readonly [field: string, bytes: Uint8Array | string, name?: string])[]
): FormData {
  const form = new FormData();
  for (const [field, bytes, name = `${field}.png`] of parts) {
    if (typeof bytes === 'string') form.append(field, bytes);
    else form.append(field, new Blob([bytes]), name);
  }
  return form;
}
