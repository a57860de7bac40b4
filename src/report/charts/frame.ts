import { element, type Markup, text } from './svg.js';
import { type ChartColors, FONT_SIZE, seriesColor, widthOf } from './theme.js';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Where the data lie within a chart, in pixels. */
export interface Plot {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface LegendEntry {
  readonly name: string;
  readonly color: string;
  readonly dashed?: boolean | undefined;
}

const EDGE = 16;
const TITLE_HEIGHT = 30;
const LEGEND_ROW = 22;
const SWATCH = 18;

/** Title and legend above a chart, and how high they are. */
export function heading(
  title: string,
  entries: readonly LegendEntry[],
  width: number,
  colors: ChartColors,
): { readonly markup: Markup; readonly height: number } {
  const head = text(title, {
    x: EDGE,
    y: EDGE + 12,
    fill: colors.ink,
    'font-size': FONT_SIZE.title,
    'font-weight': 600,
  });
  let [x, row] = [EDGE, 0];
  const legend = entries.map(({ name, color, dashed }) => {
    const own = SWATCH + 6 + widthOf(name, FONT_SIZE.label) + 18;
    if (x > EDGE && x + own > width - EDGE) [x, row] = [EDGE, row + 1];
    const y = EDGE + TITLE_HEIGHT + row * LEGEND_ROW;
    const markup =
      element('line', {
        ...{ x1: x, x2: x + SWATCH, y1: y, y2: y, stroke: color, 'stroke-width': 4 },
        'stroke-dasharray': dashed ? '5 3' : undefined,
      }) +
      text(name, {
        ...{ x: x + SWATCH + 6, y: y + 4.5, fill: colors.ink, 'font-size': FONT_SIZE.label },
      });
    x += own;
    return markup;
  });
  const rows = entries.length === 0 ? 0 : row + 1;
  return { markup: head + legend.join(''), height: EDGE + TITLE_HEIGHT + rows * LEGEND_ROW };
}

/** Entries for series without colours of their own. */
export function legendOf(
  names: readonly string[],
  dashed: readonly (boolean | undefined)[] = [],
): LegendEntry[] {
  return names.map((name, i) => ({ name, color: seriesColor(i), dashed: dashed[i] }));
}

/** Ticks of an axis: at a place in pixels a label. */
export type Ticks = readonly { readonly at: number; readonly label: string }[];

/** The vertical axis: a line of the grid at each tick, labels to the left, the name on its side. */
export function verticalAxis(
  { left, right, top, bottom }: Plot,
  ticks: Ticks,
  name: string,
  { grid, muted, ink }: ChartColors,
): Markup {
  const lines = ticks.map(
    ({ at, label }) =>
      element('line', { x1: left, x2: right, y1: at, y2: at, stroke: grid }) +
      text(label, {
        ...{ x: left - 8, y: at + 4, fill: muted },
        ...{ 'font-size': FONT_SIZE.tick, 'text-anchor': 'end' },
      }),
  );
  const middle = (top + bottom) / 2;
  return (
    lines.join('') +
    text(name, {
      ...{ x: 0, y: 0, fill: ink, 'font-size': FONT_SIZE.label, 'text-anchor': 'middle' },
      transform: `translate(${EDGE + 4} ${middle}) rotate(-90)`,
    })
  );
}

/** The horizontal axis: its line, small ticks with labels below, the name under them. */
export function horizontalAxis(
  { left, right, bottom }: Plot,
  ticks: Ticks,
  name: string,
  { muted, ink }: ChartColors,
): Markup {
  const marks = ticks.map(
    ({ at, label }) =>
      element('line', { x1: at, x2: at, y1: bottom, y2: bottom + 5, stroke: muted }) +
      text(label, {
        ...{ x: at, y: bottom + 20, fill: muted },
        ...{ 'font-size': FONT_SIZE.tick, 'text-anchor': 'middle' },
      }),
  );
  return (
    baseline({ left, right, bottom }, muted) +
    marks.join('') +
    text(name, {
      ...{ x: (left + right) / 2, y: bottom + 42, fill: ink },
      ...{ 'font-size': FONT_SIZE.label, 'text-anchor': 'middle' },
    })
  );
}

/** The line that bars stand on. */
export function baseline(
  { left, right, bottom }: Pick<Plot, 'left' | 'right' | 'bottom'>,
  color: string,
): Markup {
  return element('line', { x1: left, x2: right, y1: bottom, y2: bottom, stroke: color });
}

/** The largest number of ticks that fit a length without crowding. */
export function tickCount(length: number, each: number): number {
  return Math.max(2, Math.floor(length / each));
}
