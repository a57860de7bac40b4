import type { Size } from './frame.js';
import { element, type Markup, picture } from './svg.js';
import { FONT, LIGHT, type ChartColors } from './theme.js';

/** Puts charts of one size side by side into one SVG document. */
export function sideBySide(
  title: string,
  charts: readonly Markup[],
  { width, height }: Size,
  colors: ChartColors = LIGHT,
): Markup {
  const placed = charts.map((chart, i) =>
    element('g', { transform: `translate(${i * width} 0)` }, chart),
  );
  const size = { width: charts.length * width, height };
  return picture(size, { title, ground: colors.ground, font: FONT }, ...placed);
}
