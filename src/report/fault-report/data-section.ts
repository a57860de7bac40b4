import type { FaultReport } from './fault-report.js';
import { percent } from './figures.js';
import { type Html, html } from '../markup.js';
import type { PageParts } from './page-parts.js';
import { named, table } from './tables.js';

/** Images and classes by the quality of their labels, images unlike the rest, the files. */
export function dataSection(report: FaultReport, { classTable }: PageParts): Html {
  const { images, classes, swaps, outliers, rareClasses, fileFaults } = report;
  const byQuality = [...classes]
    .filter(({ labelQuality }) => labelQuality !== null)
    .sort((a, b) => a.labelQuality! - b.labelQuality!);
  return html`
    <h2 id="data">The data</h2>
    <div class="two">
      <div class="card">
        <h3>Images to look at</h3>
        <p class="soft">
          The first ${Math.min(15, images.length)} of ${images.length}, by suspicion: by how many
          standard deviations the likeliest suspect’s score lies above the mean of the images, or
          the label quality below it, whichever is more. Label quality is the softmin of the
          probabilities of the given labels: low where labels and model disagree strongly.
        </p>
        ${table(
          ['image', 'suspicion', 'label quality', 'pixel accuracy'],
          images
            .slice(0, 15)
            .map((own) => [
              own.image,
              own.suspicion.toFixed(2),
              own.labelQuality?.toFixed(4) ?? '–',
              percent(own.pixelAccuracy),
            ]),
        )}
      </div>
      <div class="card">
        <h3>Classes by label quality</h3>
        ${table(
          ['class', 'label quality', 'pixels'],
          byQuality.map(({ name, labelQuality, pixels }) => [
            named(name, classTable),
            labelQuality!.toFixed(4),
            pixels.toLocaleString('en'),
          ]),
        )}
      </div>
      <div class="card">
        <h3>Classes that labels may have swapped</h3>
        <p class="soft">Of the suspects of score 0.5 and more that are no seams.</p>
        ${
          swaps.length === 0
            ? html`<p>None.</p>`
            : table(
                ['given', 'suggested', 'regions', 'pixels'],
                swaps.map(({ given, suggested, regions, pixels }) => [
                  named(given, classTable),
                  named(suggested, classTable),
                  regions,
                  pixels.toLocaleString('en'),
                ]),
              )
        }
      </div>
      <div class="card">
        <h3>Images unlike the rest</h3>
        ${
          outliers.length === 0
            ? html`<p>None is 5 robust standard deviations from the others in anything.</p>`
            : table(
                ['image', 'in', 'deviations'],
                outliers
                  .slice(0, 15)
                  .map(({ image, what, distance }) => [image, what, distance.toFixed(1)]),
              )
        }
        ${
          rareClasses.length > 0 &&
          html`<h3>Rare classes</h3>
            <p>
              ${rareClasses.map(({ name, share }) => `${name} (${(100 * share).toFixed(3)} %)`).join(', ')}
            </p>`
        }
      </div>
    </div>
    ${fileFaults && filesCard(fileFaults)}
  `;
}

/** Near-duplicates within and across splits first, then everything else that is wrong with the files of all splits. */
function filesCard(faults: NonNullable<FaultReport['fileFaults']>): Html {
  const part = (title: string, none: string, own: typeof faults): Html => html`
    <h3>${title}</h3>
    ${
      own.length === 0
        ? html`<p>${none}</p>`
        : table(
            ['fault', 'found', 'for example'],
            own.map(({ what, count, examples }) => [
              html`<td class="text">${what}</td>`,
              count,
              html`<td class="text wrap">
                ${examples.slice(0, 3).map((example) => html`<div>${exampleText(example)}</div>`)}
              </td>`,
            ]),
          )
    }
  `;
  return html`<div class="card">
    ${part(
      'Pictures that are there twice, or nearly',
      'None, in no split and between none.',
      faults.filter(({ kind }) => DUPLICATES.has(kind)),
    )}
    ${part(
      'Other faults of the files',
      'None: every picture has its label, of its size.',
      faults.filter(({ kind }) => !DUPLICATES.has(kind)),
    )}
  </div>`;
}

const DUPLICATES: ReadonlySet<string> = new Set([
  ...['duplicate', 'two-labels', 'near-duplicate', 'leak', 'near-leak'],
]);

/** `a.png (val), like b.png and 3 others`. */
function exampleText({
  file,
  split,
  others,
}: NonNullable<FaultReport['fileFaults']>[number]['examples'][number]): string {
  const [first, ...rest] = others;
  const more = rest.length === 0 ? '' : ` and ${rest.length} more`;
  return `${file} (${split})${first === undefined ? '' : `, like ${first}${more}`}`;
}
