import type { FaultReport } from './fault-report.js';
import { type Html, html } from '../markup.js';
import type { PageParts } from './page-parts.js';
import { table } from './tables.js';

/** How the figures came about, and the command that gives them again. */
export function howSection(report: FaultReport, { facts }: PageParts): Html {
  const { strengths, folds, command } = report;
  return html`
    <h2 id="how">How it was measured</h2>
    <div class="card">
      <p>
        IoU, over all images of the split, a labelled pixel that is predicted as unlabelled counting
        as wrong; intervals by 200 bootstrap draws of the images. Attacked pictures are rounded to 8
        bits. An object is a connected region of one label, found where more than half of its pixels
        are. Label quality is the softmin (temperature 0.1) of the probability of the given class,
        unlabelled pixels left out (Lad and Mueller 2023, arXiv:2307.05080).
        ${strengths && `Strengths were tried on ${strengths.images} images spread over the split.`}
        ${
          folds === null
            ? 'The model should not have learned from these labels: on its own training split it repeats their faults.'
            : `Cross-validation: each image was judged by a model that was trained on the other ${folds.length - 1} of ${folds.length} parts, runs of neighbours by name.`
        }
      </p>
      <p><code>${command}</code></p>
      ${table(
        ['', ''],
        facts.map(([name, value]) => [name, html`<code>${value}</code>`]),
      )}
    </div>
  `;
}
