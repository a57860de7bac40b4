import type { FindingPictures } from '../../inference/audit/draw-findings.js';
import { toDataUri } from '../charts/index.js';
import { type Html, html } from '../markup.js';
import type { PageParts } from './page-parts.js';

/** A finding's pictures side by side, the box of a suspect framed in each. */
export function pictureRow(
  pictures: FindingPictures,
  box?: PageParts['suspects'][number]['box'],
): Html {
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
