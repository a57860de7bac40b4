import type { FaultReport } from './fault-report.js';
import { interval, percent, sizeText, wholePercent } from './figures.js';
import { type Html, html } from '../markup.js';

/** What a reader with a minute should know. */
export function summarySection(report: FaultReport): Html {
  const { evaluation, intervals, labelNoise, classes } = report;
  const { miou, miouAttacked, attacker } = evaluation;
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
      ${tile(
        labelNoise.object.regions.toLocaleString('en'),
        'regions whose label to look at (inside objects, score 0.5 and more)',
      )}
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
  const { evaluation, confusions, flows, objects, borders, suspects, strengths } = report;
  const { transfer, rareClasses, fileFaults } = report;
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
    found.push(
      `${wholePercent(half.strength, 1)} of the attacker's change already halves the mIoU.`,
    );
  }
  const [victim, ...others] = transfer?.victims ?? [];
  const own = transfer?.attackers.find(({ name }) => name === attacker);
  if (victim !== undefined && own !== undefined) {
    const left = others.map((name, i) => `${name} ${percent(own.mious[i + 1]!)}`);
    found.push(`What ${attacker} leaves of other models' mIoU: ${left.join(', ')}.`);
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
  const near = (fileFaults ?? []).filter(({ kind }) => kind === 'leak' || kind === 'near-leak');
  const leaks = near.reduce((sum, { count }) => sum + count, 0);
  if (leaks > 0) {
    found.push(
      `${leaks} pictures are in another split too, or nearly: what is measured there flatters the model.`,
    );
  }
  return found;
}

function mostFragile(classes: FaultReport['classes']): FaultReport['classes'][number] | undefined {
  return classes
    .filter(({ fragility }) => fragility !== null)
    .sort((a, b) => b.fragility! - a.fragility!)[0];
}
