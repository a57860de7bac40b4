import { heading, type Size } from './frame.js';
import { element, escape, type Markup, picture, text } from './svg.js';
import { type ChartColors, FONT, FONT_SIZE, LIGHT } from './theme.js';

export interface HeatMap {
  readonly title: string;
  /** `[row][column]` from the top left, 0..1; null where there is nothing. */
  readonly cells: readonly (readonly (number | null)[])[];
  /** What a cell's figure is, e.g. `share of pixels that are wrong`. */
  readonly label: string;
  /** Of the darkest colour. @defaultValue the greatest cell */
  readonly greatest?: number;
  /** @defaultValue 440×340 */
  readonly size?: Size;
  /** @defaultValue on white */
  readonly colors?: ChartColors;
}

const COLOR = '#d55e00';

/** Draws shares by place in a picture, each cell with its figure in percent, as an SVG document. */
export function heatMap({
  title,
  cells,
  label,
  greatest = Math.max(...cells.flat().map((cell) => cell ?? 0)),
  size = { width: 440, height: 340 },
  colors = LIGHT,
}: HeatMap): Markup {
  const { markup, height: top } = heading(title, [], size.width, colors);
  const [left, right, bottom] = [16, size.width - 16, size.height - 34];
  const rowHeight = (bottom - top) / cells.length;
  const drawn = cells.flatMap((row, y) =>
    row.map((cell, x) => {
      const width = (right - left) / row.length;
      const [cx, cy] = [left + (x + 0.5) * width, top + (y + 0.5) * rowHeight];
      const figure = cell === null ? '–' : `${Math.round(100 * cell)}`;
      return (
        element(
          'rect',
          {
            ...{ x: cx - width / 2 + 1, y: cy - rowHeight / 2 + 1 },
            ...{ width: width - 2, height: rowHeight - 2, rx: 3, fill: COLOR },
            'fill-opacity': greatest === 0 ? 0 : (0.9 * (cell ?? 0)) / greatest,
          },
          element('title', {}, escape(`row ${y + 1}, column ${x + 1}: ${figure} %`)),
        ) +
        text(figure, {
          ...{ x: cx, y: cy + 4, fill: colors.ink },
          ...{ 'font-size': FONT_SIZE.tick, 'text-anchor': 'middle' },
        })
      );
    }),
  );
  const caption = text(`${label}, in %`, {
    ...{ x: (left + right) / 2, y: bottom + 22, fill: colors.muted },
    ...{ 'font-size': FONT_SIZE.label, 'text-anchor': 'middle' },
  });
  const options = { title, ground: colors.ground, font: FONT };
  return picture(size, options, markup, ...drawn, caption);
}
