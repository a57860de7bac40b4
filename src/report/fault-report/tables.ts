import type { ClassTable } from '../../shared/classes.js';
import { percent } from './figures.js';
import { type Html, html } from '../markup.js';

/** A cell's content, or a whole `<td>`. */
export type Cell = Html | string | number;

/** A table that scrolls where it is wider than its place. Heads that are all empty are left out. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): Html {
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

/** A share with a bar behind it, and a mark before it. */
export function barCell(share: number | null, mark = ''): Html {
  const width = `${(100 * Math.max(0, Math.min(1, share ?? 0))).toFixed(1)}%`;
  return html`<td class="bar" style="--share:${width}">${mark} ${percent(share)}</td>`;
}

/** A class's name beside its colour. */
export function named(name: string, { classes }: ClassTable): Html {
  const color = classes.find((own) => own.name === name)?.color ?? [0, 0, 0];
  return html`<td class="text">
    <span class="swatch" style="background:rgb(${color.join()})"></span>${name}
  </td>`;
}

/** The colours of all classes. */
export function legend({ classes }: ClassTable): Html {
  return html`<p class="legend">
    ${classes.map(
      ({ name, color }) =>
        html`<span
          ><span class="swatch" style="background:rgb(${color.join()})"></span>${name}</span
        > `,
    )}
  </p>`;
}
