import { readFileSync } from 'node:fs';
import type { FindingPictures } from '../../inference/audit/draw-findings.js';
import { describeStudy } from '../../inference/audit/attacker-study.js';
import type { ClassTable } from '../../shared/classes.js';
import { barChart, EMBEDDED, heatMap, lineChart, toDataUri } from '../charts/index.js';
import type { FaultReport } from './fault-report.js';
import { type Html, html, raw } from './markup.js';

/** What the page shows beside the report's figures. */
export interface PageParts {
  readonly classTable: ClassTable;
  /** Of the first suspects, in their order; the box of each is in the size that the victim saw. */
  readonly suspects: readonly {
    readonly pictures: FindingPictures;
    readonly box: readonly [x0: number, y0: number, x1: number, y1: number];
  }[];
  /** Of the images whose mIoU falls most under attack. */
  readonly falls: readonly { readonly image: string; readonly pictures: FindingPictures }[];
  /** The change that the attacker makes on every picture, amplified so many times, as PNG; null without one. */
  readonly commonChange: { readonly picture: Uint8Array; readonly gain: number } | null;
  /** Faults of the data set's files by kind, in words; null where it does not lie in files. */
  readonly fileFaults:
    readonly { readonly what: string; readonly count: number; readonly first: string }[] | null;
  /** The command of the whole report, and that of one image. */
  readonly command: string;
  readonly commandOf: (image: string) => string;
  /** Name and version, date, SHA-256 of the models: how it was measured. */
  readonly facts: readonly (readonly [name: string, value: string])[];
}

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
          ${summary(report)} ${suspectSection(report, parts)} ${modelSection(report, parts)}
          ${dataSection(report, parts)} ${howSection(report, parts)}
        </main>
      </body>
    </html> `;
  return `${document.text.trim()}\n`;
}

function summary(report: FaultReport): Html {
  const { evaluation, intervals, suspects, classes } = report;
  const { miou, miouAttacked, attacker } = evaluation;
  const objects = suspects.filter(({ kind, score }) => kind === 'object' && score >= 0.5);
  const fragile = mostFragile(classes);
  const weakest = [...classes].filter(({ iou }) => iou !== null).sort((a, b) => a.iou! - b.iou!)[0];
  const tile = (figure: string, what: string): Html =>
    html`<div class="tile"><b>${figure}</b><span>${what}</span></div>`;
  return html`
    <section class="tiles" aria-label="Summary">
      ${tile(percent(miou), `mIoU, clean${interval(intervals.miou)}`)}
      ${
        attacker !== null &&
        tile(percent(miouAttacked), `mIoU under attack${interval(intervals.miouAttacked)}`)
      }
      ${weakest && tile(weakest.name, `weakest class, IoU ${percent(weakest.iou)}`)}
      ${fragile && tile(fragile.name, `most fragile, loses ${percent(fragile.fragility)} of its IoU`)}
      ${tile(String(objects.length), 'regions whose label to look at (score 0.5 and more)')}
    </section>
    <section class="card">
      <h3>In short</h3>
      <ul>
        ${sentences(report).map((sentence) => html`<li>${sentence}</li>`)}
      </ul>
    </section>
  `;
}

/** What a reader with a minute should know. */
function sentences(report: FaultReport): string[] {
  const { evaluation, confusions, flows, objects, borders, suspects, strengths, rareClasses } =
    report;
  const { attacker, psnrDb, linf } = evaluation;
  const found: string[] = [];
  const [worst] = confusions;
  if (worst !== undefined) {
    found.push(
      `Most often ${worst.from} is taken for ${worst.to}: ${percent(worst.share)} of the pixels labelled ${worst.from}.`,
    );
  }
  if (attacker !== null) {
    const change =
      psnrDb === null || linf === null
        ? 'changes nothing'
        : `changes the pictures by ${Math.round(255 * linf)}/255 at most (PSNR ${psnrDb.toFixed(1)} dB)`;
    const [flow] = flows;
    found.push(
      `${attacker} ${change}; the mIoU falls from ${percent(evaluation.miou)} to ${percent(evaluation.miouAttacked)}.`,
    );
    if (flow !== undefined) {
      found.push(
        `Under attack ${percent(flow.share)} of what was ${flow.from} becomes ${flow.to}, more pixels than any other change.`,
      );
    }
  }
  const half = strengths?.points.find(
    ({ miou }) => miou !== null && miou < (strengths.points[0]!.miou ?? 0) / 2,
  );
  if (half !== undefined) {
    found.push(`${wholePercent(half.strength)} of the attacker's change already halves the mIoU.`);
  }
  const withObjects = objects.filter((size) => size.objects > 0);
  const [small, large] = [withObjects[0], withObjects.at(-1)];
  if (small !== undefined && large !== undefined && small !== large) {
    found.push(
      `Of objects ${sizeText(small)} the model finds ${percent(small.found / small.objects)}, of those ${sizeText(large)} ${percent(large.found / large.objects)}.`,
    );
  }
  if (borders.atBorders.wrong !== null && borders.inside.wrong !== null) {
    const wrongAt = borders.atBorders.wrong * borders.atBorders.pixels;
    const all = wrongAt + borders.inside.wrong * borders.inside.pixels;
    if (all > 0) {
      found.push(
        `${percent(wrongAt / all)} of the wrong pixels lie within 3 pixels of a border between labels.`,
      );
    }
  }
  const [suspect] = suspects.filter(({ kind }) => kind === 'object');
  if (suspect !== undefined) {
    found.push(
      `The label to look at first: ${suspect.image}, ${suspect.given} that looks like ${suspect.suggested}.`,
    );
  }
  if (rareClasses.length > 0) {
    const names = rareClasses.map(({ name }) => name).join(', ');
    found.push(`Less than a thousandth of the labelled pixels: ${names}.`);
  }
  return found;
}

function suspectSection({ suspects }: FaultReport, parts: PageParts): Html {
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

function modelSection(report: FaultReport, parts: PageParts): Html {
  const { evaluation, classes, strengths, flows, confusions, confusionsAttacked } = report;
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
      <div class="card">${objectChart(report)}</div>
      ${strengths && html`<div class="card">${strengthChart(strengths)}</div>`}
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
    <div class="two">${brightnessCard(report)} ${borderCard(report)}</div>
    ${studyCard(report, parts)}
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

function dataSection(report: FaultReport, { classTable, fileFaults }: PageParts): Html {
  const { images, classes, swaps, outliers, rareClasses } = report;
  const byQuality = [...classes]
    .filter(({ labelQuality }) => labelQuality !== null)
    .sort((a, b) => a.labelQuality! - b.labelQuality!);
  return html`
    <h2 id="data">The data</h2>
    <div class="two">
      <div class="card">
        <h3>Images to look at</h3>
        <p class="soft">
          The first ${Math.min(15, images.length)} of ${images.length}, by the score of their
          likeliest suspect. Label quality is the softmin of the probabilities of the given labels:
          low where labels and model disagree strongly.
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
    ${
      fileFaults &&
      html`<div class="card">
        <h3>Files</h3>
        ${
          fileFaults.length === 0
            ? html`<p>
                No fault: every picture has its label, of its size; no picture is there twice.
              </p>`
            : table(
                ['fault', 'found', 'for example'],
                fileFaults.map(({ what, count, first }) => [
                  what,
                  count,
                  html`<span class="text">${first}</span>`,
                ]),
              )
        }
      </div>`
    }
  `;
}

function howSection(report: FaultReport, { facts, command }: PageParts): Html {
  const { strengths } = report;
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
        The model should not have learned from these labels: on its own training split it repeats
        their faults.
      </p>
      <p><code>${command}</code></p>
      ${table(
        ['', ''],
        facts.map(([name, value]) => [name, html`<code>${value}</code>`]),
      )}
    </div>
  `;
}

function objectChart({ objects, evaluation }: FaultReport): Html {
  const isAttacked = evaluation.attacker !== null;
  return raw(
    barChart({
      title: 'Objects found, by size',
      y: { label: 'share of objects found', domain: [0, 1], format: wholePercent },
      series: isAttacked ? ['clean', 'found clean and attacked'] : ['clean'],
      figures: wholePercent,
      groups: objects.map((size) => ({
        name:
          size.toPixels === null
            ? `≥ ${size.fromPixels} px`
            : `${size.fromPixels}–${size.toPixels}`,
        values: [size.found, ...(isAttacked ? [size.foundAttacked] : [])].map((found) =>
          size.objects === 0 ? null : found / size.objects,
        ),
      })),
      size: { width: 520, height: 380 },
      colors: EMBEDDED,
    }),
  );
}

function strengthChart({ points }: NonNullable<FaultReport['strengths']>): Html {
  return raw(
    lineChart({
      title: 'mIoU by strength of the attack',
      x: { label: "share of the attacker's change", domain: [0, 1] },
      y: { label: 'mIoU', domain: [0, 1], format: wholePercent },
      series: [{ name: 'mIoU', points: points.map(({ strength, miou }) => [strength, miou ?? 0]) }],
      size: { width: 520, height: 380 },
      colors: EMBEDDED,
    }),
  );
}

function placeMap({ places }: FaultReport, which: 'wrong' | 'wrongAttacked', title: string): Html {
  const cells = places.map((row) => row.map((place) => place[which]));
  const label = 'share of the labelled pixels there that are wrong';
  return raw(heatMap({ title, cells, label, size: { width: 520, height: 360 }, colors: EMBEDDED }));
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

function pictureRow(pictures: FindingPictures, box?: PageParts['suspects'][number]['box']): Html {
  const { picture, label, predicted, attacked, attackedPredicted, crop } = pictures;
  const frame = box === undefined ? null : html`<i style="${frameStyle(box, crop)}"></i>`;
  const [width, height] = [crop[2] - crop[0], crop[3] - crop[1]]; // Their proportions: nothing moves while they load.
  const one = (bytes: Uint8Array | null, caption: string): Html | null =>
    bytes &&
    html`<figure>
      <div>
        <img
          src="${toDataUri(bytes)}"
          alt="${caption}"
          width="${width}"
          height="${height}"
        />${frame}
      </div>
      <figcaption>${caption}</figcaption>
    </figure>`;
  return html`<div class="pictures">
    ${one(picture, 'picture')} ${one(label, 'label')} ${one(predicted, 'prediction')}
    ${one(attacked, 'attacked picture')} ${one(attackedPredicted, 'prediction, attacked')}
  </div>`;
}

/** The box within its crop, in percent. */
function frameStyle(
  [x0, y0, x1, y1]: PageParts['suspects'][number]['box'],
  [left, top, right, bottom]: FindingPictures['crop'],
): string {
  const across = (x: number): string => `${((100 * x) / (right - left)).toFixed(2)}%`;
  const down = (y: number): string => `${((100 * y) / (bottom - top)).toFixed(2)}%`;
  return `left:${across(x0 - left)};top:${down(y0 - top)};width:${across(x1 - x0)};height:${down(y1 - y0)}`;
}

type Cell = Html | string | number;

function table(head: readonly string[], rows: readonly (readonly Cell[])[]): Html {
  return html`<div class="scroll" tabindex="0">
    <table>
      ${
        head.some((name) => name !== '') &&
        html`<thead>
          <tr>
            ${head.map((name) => html`<th scope="col">${name}</th>`)}
          </tr>
        </thead>`
      }
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell) => (isCell(cell) ? cell : html`<td>${cell}</td>`))}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function isCell(cell: Cell): cell is Html {
  return typeof cell === 'object' && cell.text.startsWith('<td');
}

/** A share with a bar behind it. */
function barCell(share: number | null): Html {
  const width = `${(100 * Math.max(0, Math.min(1, share ?? 0))).toFixed(1)}%`;
  return html`<td class="bar" style="--share:${width}">${percent(share)}</td>`;
}

function named(name: string, { classes }: ClassTable): Html {
  const color = classes.find((own) => own.name === name)?.color ?? [0, 0, 0];
  return html`<td class="text">
    <span class="swatch" style="background:rgb(${color.join()})"></span>${name}
  </td>`;
}

function legend({ classes }: ClassTable): Html {
  return html`<p class="legend">
    ${classes.map(
      ({ name, color }) =>
        html`<span
          ><span class="swatch" style="background:rgb(${color.join()})"></span>${name}</span
        > `,
    )}
  </p>`;
}

function mostFragile(classes: FaultReport['classes']): FaultReport['classes'][number] | undefined {
  return classes
    .filter(({ fragility }) => fragility !== null)
    .sort((a, b) => b.fragility! - a.fragility!)[0];
}

function sizeText({ fromPixels, toPixels }: FaultReport['objects'][number]): string {
  return toPixels === null
    ? `of ${fromPixels} pixels and more`
    : `of ${fromPixels} to ${toPixels} pixels`;
}

function percent(share: number | null): string {
  return share === null ? '–' : `${(100 * share).toFixed(1)} %`;
}

function wholePercent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

function interval(range: readonly [number, number] | null): string {
  return range === null ? '' : `, 95 % within ${percent(range[0])} … ${percent(range[1])}`;
}
