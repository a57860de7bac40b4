import { describeStudy } from '../../inference/audit/attacker-study.js';
import { toDataUri } from '../charts/index.js';
import type { FaultReport } from './fault-report.js';
import { percent } from './figures.js';
import { type Html, html } from '../markup.js';
import type { PageParts } from './page-parts.js';
import { pictureRow } from './picture-row.js';
import { objectChart, placeMap } from './report-charts.js';
import { strengthSection, transferCard } from './strength-section.js';
import { barCell, type Cell, named, table } from './tables.js';

/** Classes, objects, confusions, places, what the attacker does. */
export function modelSection(report: FaultReport, parts: PageParts): Html {
  const { evaluation, classes, flows, confusions, confusionsAttacked } = report;
  const isAttacked = evaluation.attacker !== null;
  const ranked = [...classes]
    .filter(({ iou }) => iou !== null)
    .sort((a, b) => (b.fragility ?? 0) - (a.fragility ?? 0) || a.iou! - b.iou!);
  return html`
    <h2 id="model">Where the model is weak</h2>
    <div class="card">
      ${table(
        [
          'class',
          'IoU',
          '95 % interval',
          ...(isAttacked ? ['IoU attacked', 'fragility', 'half lost at strength'] : []),
          'pixels',
        ],
        ranked.map((own) => [
          named(own.name, parts.classTable),
          barCell(own.iou),
          own.iouInterval === null
            ? '–'
            : `${percent(own.iouInterval[0])} … ${percent(own.iouInterval[1])}`,
          ...(isAttacked
            ? [
                barCell(own.iouAttacked),
                barCell(own.fragility),
                own.lostAtStrength?.toFixed(2) ?? '–',
              ]
            : []),
          own.pixels.toLocaleString('en'),
        ]),
      )}
      <p class="soft">
        Fragility is the share of its IoU that a class loses under attack. Strength is the share of
        the attacker's change.
      </p>
    </div>
    <div class="two">
      ${confusionCard('Confusions, clean', 'labelled', 'predicted', confusions)}
      ${
        isAttacked &&
        confusionCard('Confusions under attack', 'labelled', 'predicted', confusionsAttacked)
      }
      ${isAttacked && confusionCard('What the attack changes', 'before', 'under attack', flows)}
    </div>
    <div class="two">
      <div class="card">${placeMap(report, 'wrong', 'Wrong pixels by place')}</div>
      ${
        isAttacked &&
        html`<div class="card">
          ${placeMap(report, 'wrongAttacked', 'Wrong pixels by place, under attack')}
        </div>`
      }
    </div>
    <div class="two">
      <div class="card">${objectChart(report)}</div>
      <div>${borderCard(report)} ${brightnessCard(report)}</div>
    </div>
    ${strengthSection(report, parts)} ${transferCard(report)} ${studyCard(report, parts)}
    ${
      parts.falls.length > 0 &&
      html`<h3>Images that fall furthest</h3>
        ${parts.falls.map(({ image, pictures }) => {
          const own = report.images.find((found) => found.image === image);
          return html`<article class="card">
            <h3>${image}</h3>
            <p class="soft">
              mIoU ${percent(own?.miou ?? null)} clean, ${percent(own?.miouAttacked ?? null)}
              attacked
            </p>
            ${pictureRow(pictures)}
            <p><code>${parts.commandOf(image)}</code></p>
          </article>`;
        })}`
    }
  `;
}

function confusionCard(
  title: string,
  from: string,
  to: string,
  confusions: FaultReport['confusions'],
): Html {
  return html`<div class="card">
    <h3>${title}</h3>
    ${table(
      [from, to, 'share', 'pixels'],
      confusions
        .slice(0, 8)
        .map((own) => [own.from, own.to, barCell(own.share), own.pixels.toLocaleString('en')]),
    )}
  </div>`;
}

function brightnessCard({ brightness, evaluation }: FaultReport): Html {
  const isAttacked = evaluation.attacker !== null;
  return html`<div class="card">
    <h3>By brightness</h3>
    ${table(
      ['mean luma', 'images', 'pixel accuracy', ...(isAttacked ? ['attacked'] : [])],
      brightness.map((part) => [
        `${part.from.toFixed(2)} … ${part.to.toFixed(2)}`,
        part.images,
        percent(part.pixelAccuracy),
        ...(isAttacked ? [percent(part.pixelAccuracyAttacked)] : []),
      ]),
    )}
  </div>`;
}

function borderCard({ borders, evaluation }: FaultReport): Html {
  const isAttacked = evaluation.attacker !== null;
  const row = (name: string, own: FaultReport['borders']['inside']): Cell[] => [
    ...[name, own.pixels.toLocaleString('en'), percent(own.wrong)],
    ...(isAttacked ? [percent(own.wrongAttacked)] : []),
  ];
  return html`<div class="card">
    <h3>At borders and inside</h3>
    ${table(
      ['', 'labelled pixels', 'wrong', ...(isAttacked ? ['attacked'] : [])],
      [row('within 3 pixels of a border', borders.atBorders), row('elsewhere', borders.inside)],
    )}
  </div>`;
}

function studyCard(
  { attackerStudy, evaluation }: FaultReport,
  { commonChange }: PageParts,
): Html | null {
  if (attackerStudy === null || commonChange === null) return null;
  const name = (fromPeriod: number, toPeriod: number | null): string =>
    toPeriod === null ? `${fromPeriod} pixels and more` : `${fromPeriod} to ${toPeriod} pixels`;
  return html`<div class="card">
    <h3>What ${evaluation.attacker} does to a picture</h3>
    <div class="two">
      <div>
        <ul>
          ${describeStudy(attackerStudy).map((sentence) => html`<li>${sentence}</li>`)}
        </ul>
        ${table(
          ['period of its waves', 'share of the energy'],
          attackerStudy.bands.map(({ fromPeriod, toPeriod, share }) => [
            name(fromPeriod, toPeriod),
            barCell(share),
          ]),
        )}
      </div>
      <figure>
        <img
          src="${toDataUri(commonChange.picture)}"
          alt="The mean change of ${attackerStudy.images} pictures"
        />
        <figcaption>
          What is the same in ${attackerStudy.images} pictures, ×${commonChange.gain.toFixed(0)}
          around grey
        </figcaption>
      </figure>
    </div>
  </div>`;
}
