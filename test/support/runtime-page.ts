import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

/** Where onnxruntime-web's files lie. */
const RUNTIME = path.dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** Serves an empty page that may use threads, `/runtime/FILE` of onnxruntime-web, and `/files/NAME` of those that are given. */
export async function startRuntimePage(
  files: Readonly<Record<string, Uint8Array>>,
): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((request, response) => {
    const name = path.posix.basename(request.url!);
    const bytes = request.url!.startsWith('/files/')
      ? Promise.resolve(files[name])
      : request.url!.startsWith('/runtime/')
        ? readFile(path.join(RUNTIME, name))
        : Promise.resolve(Buffer.from('<!doctype html><title>runtime</title>'));
    bytes.then(
      (body) => {
        response.writeHead(body === undefined ? 404 : 200, {
          'Content-Type': TYPES[path.extname(name) || '.html'] ?? 'application/octet-stream',
          // Threads share memory, which browsers allow to isolated pages alone.
          'Cross-Origin-Opener-Policy': 'same-origin',
          'Cross-Origin-Embedder-Policy': 'require-corp',
        });
        response.end(body);
      },
      () => response.writeHead(404).end(),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server };
}
