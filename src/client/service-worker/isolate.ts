/** What isolates a page from others, so that its threads may share memory. */
const HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
} as const;

/** Adds the headers that isolate a page, for web servers that cannot. */
export function isolate(response: Response): Response {
  const isIsolated = Object.keys(HEADERS).every((name) => response.headers.has(name));
  // An answer without a body has nothing to isolate, and may not be built anew.
  if (isIsolated || response.status !== 200 || response.type === 'opaque') return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
  return new Response(response.body, { status: 200, headers });
}
