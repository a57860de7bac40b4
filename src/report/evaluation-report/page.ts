import type { ClassTable } from '../../shared/classes.js';
import type { EvaluationResult } from '../../shared/evaluation.js';
import { drawClassIou } from '../attack-plots.js';
import { EMBEDDED } from '../charts/index.js';
import { type Html, html, raw } from '../markup.js';
import { reportDocument } from '../report-document.js';

/** What the page tells beside the result. */
export interface EvaluationPageParts {
  readonly classTable: ClassTable;
  /** Names, dates, SHA-256 of the models: how it was measured. */
  readonly facts: readonly (readonly [name: string, value: string])[];
}

/** Writes an evaluation as one HTML document that needs nothing else. */
export function evaluationReportPage(
  result: EvaluationResult,
  { classTable, facts }: EvaluationPageParts,
): string {
  return reportDocument('Evaluation', result, {
    main: html`${tiles(result)}
      <h2>IoU by class</h2>
      <div class="card">${raw(drawClassIou(result, EMBEDDED))}</div>
      <div class="card">${classTableOf(result, classTable)}</div>
      ${result.attacker !== null && attackSection(result)} ${howSection(result, facts)}`,
  });
}

function tiles(result: EvaluationResult): Html {
  const isAttacked = result.attacker !== null;
  const known = result.classes.filter(({ iou, pixels }) => iou !== null && pixels > 0);
  const weakest = [...known].sort((a, b) => a.iou! - b.iou!)[0];
  const tile = (figure: string, what: string): Html =>
    html`<div class="tile"><b>${figure}</b><span>${what}</span></div>`;
  return html`<section class="tiles" aria-label="Summary">
    ${tile(percent(result.miou), 'mIoU, clean')}
    ${isAttacked && tile(percent(result.miouAttacked), `mIoU under ${result.attacker}`)}
    ${tile(percent(result.pixelAccuracy), 'pixel accuracy, clean')}
    ${isAttacked && tile(percent(result.pixelAccuracyAttacked), 'pixel accuracy under attack')}
    ${weakest && tile(weakest.name, `weakest class, IoU ${percent(weakest.iou)}`)}
  </section>`;
}

function classTableOf({ classes, attacker }: EvaluationResult, { classes: table }: ClassTable) {
  const isAttacked = attacker !== null;
  const bar = (share: number | null): Html =>
    html`<td class="bar" style="--share:${(100 * (share ?? 0)).toFixed(1)}%">
      ${percent(share)}
    </td>`;
  const heads = isAttacked
    ? ['class', 'IoU', 'IoU attacked', 'accuracy', 'accuracy attacked', 'pixels']
    : ['class', 'IoU', 'accuracy', 'pixels'];
  return html`<div class="scroll" tabindex="0">
    <table>
      <thead>
        <tr>
          ${heads.map((name) => html`<th scope="col">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${classes.map((own, k) => {
          if (own.iou === null && own.iouAttacked === null) return null;
          const color = table[k]?.color ?? [0, 0, 0];
          return html`<tr>
            <td class="text">
              <span class="swatch" style="background:rgb(${color.join()})"></span>${own.name}
            </td>
            ${bar(own.iou)} ${isAttacked && bar(own.iouAttacked)}
            <td>${percent(own.accuracy)}</td>
            ${isAttacked && html`<td>${percent(own.accuracyAttacked)}</td>`}
            <td>${own.pixels.toLocaleString('en')}</td>
          </tr>`;
        })}
      </tbody>
    </table>
  </div>`;
}

function attackSection(result: EvaluationResult): Html {
  const { attacker, psnrDb, ssim, l2, linf, flippedShare } = result;
  const rows: readonly (readonly [string, string])[] = [
    ['PSNR, mean', psnrDb === null ? '–' : `${psnrDb.toFixed(2)} dB`],
    ['SSIM of the luma, mean', ssim === null ? '–' : ssim.toFixed(4)],
    ['L2, mean, colours in 0..1', l2 === null ? '–' : l2.toFixed(2)],
    ['L∞, the greatest', linf === null ? '–' : `${Math.round(255 * linf)}/255`],
    ['pixels whose class changes', percent(flippedShare)],
    ['mIoU of an image, mean, clean', percent(result.imageMiou)],
    ['mIoU of an image, mean, attacked', percent(result.imageMiouAttacked)],
  ];
  return html`<h2>What ${attacker} does to the pictures</h2>
    <div class="card">${pairs(rows)}</div>`;
}

function howSection(
  { imagesPerSecond, victim }: EvaluationResult,
  facts: EvaluationPageParts['facts'],
): Html {
  return html`<h2>How it was measured</h2>
    <div class="card">
      <p>
        IoU, over all images of the split: unlabelled pixels are left out, a labelled pixel that is
        predicted as unlabelled counts as wrong. Attacked pictures are rounded to 8 bits before
        ${victim} sees them.
      </p>
      ${pairs([...facts, ['speed', `${imagesPerSecond.toFixed(1)} images/s`]])}
    </div>`;
}

function pairs(rows: readonly (readonly [name: string, value: string])[]): Html {
  return html`<div class="scroll" tabindex="0">
    <table>
      <tbody>
        ${rows.map(
          ([name, value]) =>
            html`<tr>
              <td class="text">${name}</td>
              <td><code>${value}</code></td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function percent(share: number | null): string {
  return share === null ? '–' : `${(100 * share).toFixed(1)} %`;
}
