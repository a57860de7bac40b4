import { html } from '../markup.js';
import { reportDocument } from '../report-document.js';
import { dataSection } from './data-section.js';
import type { FaultReport } from './fault-report.js';
import { howSection } from './how-section.js';
import { modelSection } from './model-section.js';
import type { PageParts } from './page-parts.js';
import { summarySection } from './summary-section.js';
import { suspectSection } from './suspect-section.js';

/** Writes the fault report as one HTML document that needs nothing else. */
export function faultReportPage(report: FaultReport, parts: PageParts): string {
  return reportDocument('Fault report', report.evaluation, {
    nav: html`<nav>
      <a href="#suspects">Labels to look at</a><a href="#model">Where the model is weak</a
      ><a href="#data">The data</a><a href="#how">How it was measured</a>
    </nav>`,
    main: html`${summarySection(report)} ${suspectSection(report, parts)}
    ${modelSection(report, parts)} ${dataSection(report, parts)} ${howSection(report, parts)}`,
  });
}
