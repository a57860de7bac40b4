import type { FaultReport } from './fault-report.js';
import { type Html, html } from './markup.js';
import type { PageParts } from './page-parts.js';
import { pictureRow } from './picture-row.js';
import { legend } from './tables.js';

/** The suspects, each with its pictures. */
export function suspectSection({ suspects }: FaultReport, parts: PageParts): Html {
  if (suspects.length === 0) {
    return html`<h2 id="suspects">Labels to look at</h2>
      <p>None: the model agrees with every label, or is unsure where it does not.</p>`;
  }
  return html`
    <h2 id="suspects">Labels to look at</h2>
    <p>
      Regions where the model is sure of another class than the label's, and seldom says so of
      pixels that have that label. What looks likeliest to be a fault comes first; the framed part
      is the region. Each needs a person's eye: the model may be the one that is wrong.
    </p>
    ${legend(parts.classTable)}
    ${parts.suspects.map(({ pictures, box }, i) => {
      const { image, given, suggested, score, pixels, kind, margin } = suspects[i]!;
      return html`
        <article class="card">
          <h3>${i + 1}. ${image}: labelled ${given}, looks like ${suggested}</h3>
          <p class="soft">
            score ${score.toFixed(2)}, ${pixels} pixels, margin ${margin.toFixed(2)},
            ${kind === 'border' ? 'a seam along a border' : 'inside an object'}
          </p>
          ${pictureRow(pictures, box)}
          <p><code>${parts.commandOf(image)}</code></p>
        </article>
      `;
    })}
  `;
}
