import { isolate } from './isolate.js';

declare const self: ServiceWorkerGlobalScope;
/** Set by the build: another for each. */
declare const BUILD: string;

/** The page as it was built, and what its names tell apart for ever: runtimes and models. */
const PAGE = `segprobe-page-${BUILD}`;
const KEPT = 'segprobe-kept';

const scope = new URL('./', self.location.href);

self.addEventListener('install', (event) => {
  event.waitUntil(install());
});

self.addEventListener('activate', (event) => {
  event.waitUntil(activate());
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || !url.href.startsWith(scope.href)) return;
  if (request.headers.has('Range')) return;
  const path = url.pathname.slice(scope.pathname.length);
  if (path === '' || path === 'index.html') event.respondWith(newest(request, scope.href));
  else if (path === 'models.json') event.respondWith(newest(request, url.href));
  else if (/^(assets|samples)\/|^icon\.svg$/.test(path)) event.respondWith(known(request, PAGE));
  else if (/^(runtime|onnx)\//.test(path)) event.respondWith(known(request, KEPT));
});

/** The page tells what it fetched before this worker was there. */
self.addEventListener('message', (event) => {
  const { keep } = event.data as { readonly keep: readonly string[] };
  event.waitUntil(keepAll(keep).then(() => event.ports[0]?.postMessage('kept')));
});

async function install(): Promise<void> {
  const cache = await caches.open(PAGE);
  const files = (await (await fetch(new URL('files.json', scope))).json()) as string[];
  await cache.addAll([scope.href, ...files.map((file) => new URL(file, scope).href)]);
  // Behind an API key it comes later, with the key.
  await cache.add(new URL('models.json', scope)).catch(() => undefined);
  await self.skipWaiting();
}

async function activate(): Promise<void> {
  for (const name of await caches.keys()) {
    if (name.startsWith('segprobe-page-') && name !== PAGE) await caches.delete(name);
  }
  await self.clients.claim();
}

/** From the network; without one, as it was last. */
async function newest(request: Request, key: string): Promise<Response> {
  const cache = await caches.open(PAGE);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(key, response.clone());
    return isolate(response);
  } catch (error) {
    const last = await cache.match(key);
    if (last === undefined) throw error;
    return isolate(last);
  }
}

/** As it is known; from the network where it is not, and then it is. */
async function known(request: Request, name: string): Promise<Response> {
  const cache = await caches.open(name);
  const last = await cache.match(request.url);
  if (last !== undefined) return isolate(last);
  const response = await fetch(request);
  if (response.ok) await cache.put(request.url, response.clone());
  return isolate(response);
}

async function keepAll(urls: readonly string[]): Promise<void> {
  const cache = await caches.open(KEPT);
  for (const url of urls) {
    if ((await cache.match(url)) === undefined) await cache.add(url);
  }
}
