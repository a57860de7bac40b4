import type { FaultReport } from './fault-report.js';
import { type Html, html } from '../markup.js';
import type { PageParts } from './page-parts.js';
import { pictureRow } from './picture-row.js';
import { type Cell, legend, table } from './tables.js';

/** The suspects, each with its pictures. */
export function suspectSection({ suspects, labelNoise }: FaultReport, parts: PageParts): Html {
  if (suspects.length === 0) {
    return html`<h2 id="suspects">Labels to look at</h2>
      <p>None: the model agrees with every label, or is unsure where it does not.</p>`;
  }
  return html`
    <h2 id="suspects">Labels to look at</h2>
    <p>
      Regions where the model is sure of another class than the label's, and seldom says so of
      pixels that have that label. What looks likeliest to be a fault comes first; the framed part
      is the region. Each needs a person's eye: the model may be the one that is wrong. What
      neighbouring images show too is drawn once.
    </p>
    ${noiseTable(labelNoise)} ${legend(parts.classTable)}
    ${parts.suspects.map(({ pictures, box, rank, alsoIn }, i) => {
      const { image, given, suggested, score, pixels, kind, margin } = suspects[rank]!;
      return html`
        <article class="card" id="suspect-${i + 1}">
          <h3>${i + 1}. ${image}: labelled ${given}, looks like ${suggested}</h3>
          <p class="soft">
            score ${score.toFixed(2)}, ${pixels} pixels, margin ${margin.toFixed(2)},
            ${kind === 'border' ? 'a seam along a border' : 'inside an object'}${alsoText(alsoIn)}
          </p>
          ${pictureRow(pictures, box)}
          <p><code>${parts.commandOf(image)}</code></p>
        </article>
      `;
    })}
  `;
}

/** Wrong objects told apart from the annotators' hands along borders. */
function noiseTable({ object, border }: FaultReport['labelNoise']): Html {
  const row = (name: string, { regions, pixels }: typeof object): Cell[] => [
    ...[name, regions.toLocaleString('en'), pixels.toLocaleString('en')],
  ];
  return html`<div class="card">
    ${table(
      ['regions of score 0.5 and more', 'how many', 'pixels'],
      [
        row('inside objects, 4 pixels deep and more: wrong objects, perhaps', object),
        row('seams along borders: noise of the labels, mostly', border),
      ],
    )}
  </div>`;
}

/** `; also in a, b and 3 more images`. */
function alsoText(images: readonly string[]): string {
  if (images.length === 0) return '';
  const rest = images.length - NAMED;
  return `; also in ${images.slice(0, NAMED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

const NAMED = 4;
