import { scaleLinear } from 'd3-scale';
import { heading, horizontalAxis, legendOf, type Size, tickCount, verticalAxis } from './frame.js';
import { element, escape, type Markup, picture } from './svg.js';
import { type ChartColors, FONT, LIGHT, seriesColor } from './theme.js';

export interface Axis {
  /** With its unit, e.g. `ε in steps of 1/255`. */
  readonly label: string;
  /** From where to where; as far as the data go unless given. */
  readonly domain?: readonly [number, number];
  /** How a number is written. @defaultValue as short as the ticks' distance allows */
  readonly format?: (value: number) => string;
}

export interface LineSeries {
  readonly name: string;
  /** By ascending x. */
  readonly points: readonly (readonly [x: number, y: number])[];
  /** For what the others are compared with. */
  readonly dashed?: boolean;
}

export interface LineChart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly LineSeries[];
  /** @defaultValue 720×420 */
  readonly size?: Size;
  /** @defaultValue on white */
  readonly colors?: ChartColors;
}

/** A dot at each point where there are no more than this. */
const MAX_DOTS = 24;

/** Draws lines over a common axis, as an SVG document. Each dot tells its figures under the pointer. */
export function lineChart({
  title,
  x,
  y,
  series,
  size = { width: 720, height: 420 },
  colors = LIGHT,
}: LineChart): Markup {
  const legend = legendOf(
    series.map(({ name }) => name),
    series.map(({ dashed }) => dashed),
  );
  const { markup, height } = heading(title, legend, size.width, colors);
  const plot = { left: 76, right: size.width - 24, top: height + 4, bottom: size.height - 56 };
  const points = series.flatMap((own) => own.points);
  const [acrossDomain, upDomain] = [
    x.domain ?? extent(points.map(([value]) => value)),
    y.domain ?? extent(points.map(([, value]) => value)),
  ];
  const across = scaleLinear(acrossDomain, [plot.left, plot.right]);
  const up = scaleLinear(upDomain, [plot.bottom, plot.top]);
  if (y.domain === undefined) up.nice();
  const [xCount, yCount] = [
    tickCount(plot.right - plot.left, 80),
    tickCount(plot.bottom - plot.top, 48),
  ];
  const [xFormat, yFormat] = [
    x.format ?? across.tickFormat(xCount),
    y.format ?? up.tickFormat(yCount),
  ];
  const xTicks = across
    .ticks(xCount)
    .map((value) => ({ at: across(value), label: xFormat(value) }));
  const yTicks = up.ticks(yCount).map((value) => ({ at: up(value), label: yFormat(value) }));
  const place = ([px, py]: readonly [number, number]): [number, number] => [across(px), up(py)];
  return picture(
    size,
    { title, ground: colors.ground, font: FONT },
    markup,
    verticalAxis(plot, yTicks, y.label, colors),
    horizontalAxis(plot, xTicks, x.label, colors),
    ...series.map((own, i) => line(own, seriesColor(i), place, [xFormat, yFormat])),
  );
}

function line(
  { name, points, dashed }: LineSeries,
  color: string,
  place: (point: readonly [number, number]) => [number, number],
  [xFormat, yFormat]: readonly [(value: number) => string, (value: number) => string],
): Markup {
  const path = points.map((point) =>
    place(point)
      .map((value) => value.toFixed(1))
      .join(' '),
  );
  const stroke = element('path', {
    ...{ d: `M${path.join('L')}`, fill: 'none', stroke: color, 'stroke-width': 2.25 },
    ...{ 'stroke-linejoin': 'round', 'stroke-dasharray': dashed ? '6 4' : undefined },
  });
  if (points.length === 0) return '';
  if (points.length > MAX_DOTS) return stroke;
  const dots = points.map((point) => {
    const [cx, cy] = place(point);
    const told = escape(`${name}: ${xFormat(point[0])}, ${yFormat(point[1])}`);
    return element('circle', { cx, cy, r: 3.5, fill: color }, element('title', {}, told));
  });
  return stroke + dots.join('');
}

/** The least and the greatest; something about 0 or a single value where there is no span. */
function extent(values: readonly number[]): [number, number] {
  const [least, greatest] = values.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity],
  );
  if (least > greatest) return [0, 1];
  return least === greatest ? [least - 0.5, greatest + 0.5] : [least, greatest];
}
