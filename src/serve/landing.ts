import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A page and the digests that let its own script and style through the content security policy. */
export interface Page {
  readonly html: string;
  readonly scriptSources: readonly string[];
  readonly styleSources: readonly string[];
}

/** Reads the landing page. */
export function readLandingPage(): Page {
  const html = readFileSync(new URL('./landing.html', import.meta.url), 'utf8');
  return {
    html,
    scriptSources: digestsOf(html, 'script'),
    styleSources: digestsOf(html, 'style'),
  };
}

function digestsOf(html: string, tag: 'script' | 'style'): string[] {
  const inline = html.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, 'gs'));
  return Array.from(inline, ([, text]) => {
    return `'sha256-${createHash('sha256').update(text!).digest('base64')}'`;
  });
}
