import { COCO_SIZES, type FaultReport } from './fault-report.js';
import { percent, wholePercent } from './figures.js';
import { type Html, html } from '../markup.js';
import type { PageParts } from './page-parts.js';
import { pictureRow } from './picture-row.js';
import { strengthChart } from './report-charts.js';
import { barCell, named, table } from './tables.js';

/** How much of the attack suffices: for the mIoU, for objects by class and size, and the objects that are lost first. */
export function strengthSection(
  { strengths }: FaultReport,
  { classTable, lost, commandOf }: PageParts,
): Html | null {
  if (strengths === null) return null;
  const { images, points, objectsByClass } = strengths;
  return html`
    <h3 id="strength">How much of the attack suffices</h3>
    <p class="soft">
      Shares of the attacker's change, tried on ${images} images spread over the split. An object is
      lost at the smallest share tried at which half of its pixels or more are wrong.
    </p>
    <div class="two">
      <div class="card">${strengthChart(strengths)}</div>
      <div class="card">
        ${table(
          ['share', 'L∞, of 255', 'PSNR, dB', 'mIoU', '95 % interval'],
          points.map(({ strength, linf, psnrDb, miou, miouInterval }) => [
            wholePercent(strength, 1),
            (255 * linf).toFixed(0),
            psnrDb?.toFixed(1) ?? '–',
            barCell(miou),
            miouInterval === null
              ? '–'
              : `${percent(miouInterval[0])} … ${percent(miouInterval[1])}`,
          ]),
        )}
      </div>
    </div>
    <div class="card">
      <h3>Share of the attack at which half of the objects of a class are lost</h3>
      ${table(
        ['class', ...COCO_SIZES.map(({ size }) => SIZE_NAMES[size])],
        objectsByClass.map(({ name, sizes }) => [
          named(name, classTable),
          ...sizes.map((own) =>
            own.objects === 0
              ? ''
              : `${own.lostAtStrength === null ? 'more than 100 %' : wholePercent(own.lostAtStrength, 1)} (of ${own.objects})`,
          ),
        ]),
      )}
      <p class="soft">
        Of objects that are found in the clean picture; sizes as COCO has them, in pixels of the
        picture that the model saw.
      </p>
    </div>
    ${
      lost.length > 0 &&
      html`<h3>Objects that are lost first</h3>
        ${lost.map(
          (own) =>
            html`<article class="card">
              <h3>
                ${own.image}: ${own.class} of ${own.pixels.toLocaleString('en')} pixels, lost at
                ${wholePercent(own.strength, 1)} of the attack
              </h3>
              ${pictureRow(own.pictures, own.box)}
              <p><code>${commandOf(own.image)}</code></p>
            </article>`,
        )}`
    }
  `;
}

const SIZE_NAMES = {
  small: 'small, below 32²',
  medium: 'medium',
  large: 'large, 96² and more',
} as const;

/** Every attacker on every victim. */
export function transferCard({ transfer }: FaultReport): Html | null {
  if (transfer === null) return null;
  const { images, victims, clean, attackers } = transfer;
  return html`<div class="card">
    <h3>Every attacker on every victim: mIoU</h3>
    ${table(
      ['attacker', 'L∞, of 255', ...victims],
      [
        ['none', '0', ...clean.map((miou) => barCell(miou))],
        ...attackers.map(({ name, trainedAgainst, linf, mious }) => [
          name,
          (255 * linf).toFixed(0),
          ...mious.map((miou, i) => barCell(miou, victims[i] === trainedAgainst ? '●' : '')),
        ]),
      ],
    )}
    <p class="soft">
      On ${images} images spread over the split. ● the victim that the attacker was trained against;
      what it does to the others is what transfers.
    </p>
  </div>`;
}
