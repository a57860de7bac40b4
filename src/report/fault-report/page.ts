import { readFileSync } from 'node:fs';
import { dataSection } from './data-section.js';
import type { FaultReport } from './fault-report.js';
import { howSection } from './how-section.js';
import { html, raw } from './markup.js';
import { modelSection } from './model-section.js';
import type { PageParts } from './page-parts.js';
import { summarySection } from './summary-section.js';
import { suspectSection } from './suspect-section.js';

const STYLE = readFileSync(new URL('./style.css', import.meta.url), 'utf8');

/** Writes the fault report as one HTML document that needs nothing else. */
export function faultReportPage(report: FaultReport, parts: PageParts): string {
  const { evaluation } = report;
  const { victim, attacker, dataset, split, images } = evaluation;
  const title = `Fault report: ${victim}`;
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
          <nav>
            <a href="#suspects">Labels to look at</a><a href="#model">Where the model is weak</a
            ><a href="#data">The data</a><a href="#how">How it was measured</a>
          </nav>
        </header>
        <main>
          ${summarySection(report)} ${suspectSection(report, parts)} ${modelSection(report, parts)}
          ${dataSection(report, parts)} ${howSection(report, parts)}
        </main>
      </body>
    </html> `;
  return `${document.text.trim()}\n`;
}
