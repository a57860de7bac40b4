import { readFileSync } from 'node:fs';
import type { EvaluationResult } from '../shared/evaluation.js';
import { type Html, html, raw } from './markup.js';

const STYLE = readFileSync(new URL('./report.css', import.meta.url), 'utf8');

/**
 * Writes a report as one HTML document that needs nothing else.
 * @param kind - what its title begins with.
 * @param evaluated - what it reports on.
 */
export function reportDocument(
  kind: string,
  evaluated: Pick<EvaluationResult, 'victim' | 'attacker' | 'dataset' | 'split' | 'images'>,
  { nav, main }: { readonly nav?: Html; readonly main: Html },
): string {
  const { victim, attacker, dataset, split, images } = evaluated;
  const title = `${kind}: ${victim}`;
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <style>
          ${raw(STYLE)}
        </style>
      </head>
      <body>
        <header>
          <h1>${title}</h1>
          <p>
            ${attacker === null ? 'Clean pictures only' : `Before and under ${attacker}`}, on
            ${images} images of ${dataset} ${split}.
          </p>
          ${nav}
        </header>
        <main>${main}</main>
      </body>
    </html> `;
  return `${document.text.trim()}\n`;
}
