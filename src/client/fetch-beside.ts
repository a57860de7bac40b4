import { apiKey, needsKey } from './state.js';

/** A key, where the service asks for one. */
export function keyHeaders(): Record<string, string> {
  return apiKey.value === '' ? {} : { Authorization: `Bearer ${apiKey.value}` };
}

/**
 * Fetches what lies beside the page, or asks the service behind it.
 * @throws Error in the service's own words, where it has some.
 */
export async function fetchBeside(path: string, request: RequestInit = {}): Promise<Response> {
  const url = new URL(path, document.baseURI);
  let response: Response;
  try {
    response = await fetch(url, { ...request, headers: keyHeaders() });
  } catch (cause) {
    throw new Error(`${url.pathname}: expected an answer, got none (is the server running?)`, {
      cause,
    });
  }
  if (response.ok) return response;
  if (response.status === 401) needsKey.value = true;
  const isProblem = response.headers.get('Content-Type')?.startsWith('application/problem+json');
  const detail = isProblem ? ((await response.json()) as { detail: string }).detail : null;
  throw new Error(
    detail ?? `${url.pathname}: expected the file, got ${response.status} ${response.statusText}`,
  );
}
