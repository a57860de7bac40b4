import { scaleBand, scaleLinear } from 'd3-scale';
import { baseline, heading, legendOf, type Size, tickCount, verticalAxis } from './frame.js';
import type { Axis } from './line-chart.js';
import { element, escape, type Markup, picture, text } from './svg.js';
import { type ChartColors, FONT, FONT_SIZE, LIGHT, seriesColor, widthOf } from './theme.js';

export interface BarGroup {
  readonly name: string;
  /** One for each series; null where there is none. */
  readonly values: readonly (number | null)[];
  /** Set apart from the groups before, as a mean is. */
  readonly apart?: boolean;
}

export interface BarChart {
  readonly title: string;
  /** What the groups are, with their unit, e.g. `pixels of an object`. @defaultValue their names say it */
  readonly x?: Pick<Axis, 'label'>;
  readonly y: Axis & { readonly domain: readonly [number, number] };
  /** Names of the bars of each group. */
  readonly series: readonly string[];
  readonly groups: readonly BarGroup[];
  /** How a bar's own figure is written. @defaultValue as those of the axis */
  readonly figures?: (value: number) => string;
  /** @defaultValue as wide as the bars need, 440 high */
  readonly size?: Size;
  /** @defaultValue on white */
  readonly colors?: ChartColors;
}

/** Bars whose figures are written above them are at least so wide. */
const BAR_WIDTH = 26;
const GAP = 16;

/** Draws groups of bars side by side, as an SVG document: each bar with its figure above, groups by their names below. */
export function barChart({
  title,
  x,
  y,
  series,
  groups,
  figures,
  size = { width: 100 + groups.length * (series.length * BAR_WIDTH + GAP), height: 440 },
  colors = LIGHT,
}: BarChart): Markup {
  const { markup, height } = heading(title, legendOf(series), size.width, colors);
  const longest = Math.max(...groups.map(({ name }) => widthOf(name, FONT_SIZE.tick)));
  const slot = (size.width - 100) / groups.length;
  const isSlanted = longest > slot;
  const below = (isSlanted ? 24 + longest * Math.SQRT1_2 : 34) + (x === undefined ? 0 : 20);
  const plot = { left: 76, right: size.width - 24, top: height + 12, bottom: size.height - below };
  const across = scaleBand(
    groups.map((_, i) => i),
    [plot.left, plot.right],
  )
    .paddingInner(GAP / (series.length * BAR_WIDTH + GAP))
    .paddingOuter(0.15);
  const within = scaleBand(
    series.map((_, i) => i),
    [0, across.bandwidth()],
  );
  const up = scaleLinear(y.domain, [plot.bottom, plot.top]);
  const count = tickCount(plot.bottom - plot.top, 48);
  const format = y.format ?? up.tickFormat(count);
  const write = figures ?? format;
  const ticks = up.ticks(count).map((value) => ({ at: up(value), label: format(value) }));
  const bars = groups.flatMap(({ name, values }, group) =>
    values.map((value, i) => {
      if (value === null) return '';
      const [left, top, width] = [across(group)! + within(i)!, up(value), within.bandwidth()];
      const told = escape(`${name}, ${series[i]}: ${write(value)}`);
      return (
        element(
          'rect',
          {
            ...{ x: left + 1, y: top, width: width - 2, height: Math.max(0, plot.bottom - top) },
            fill: seriesColor(i),
          },
          element('title', {}, told),
        ) + figure(write(value).replace(/\s*%$/, ''), left + width / 2, top - 4, width, colors)
      );
    }),
  );
  const apart = groups.flatMap((group, i) => {
    if (!group.apart || i === 0) return [];
    const at = across(i)! - (across.step() - across.bandwidth()) / 2;
    return [
      element('line', { x1: at, x2: at, y1: plot.top, y2: plot.bottom, stroke: colors.grid }),
    ];
  });
  const names = groups.map(({ name, apart: isApart }, i) =>
    groupName(name, across(i)! + across.bandwidth() / 2, plot.bottom, {
      isSlanted,
      color: colors.ink,
      weight: isApart ? 600 : undefined,
    }),
  );
  return picture(
    size,
    { title, ground: colors.ground, font: FONT },
    markup,
    verticalAxis(plot, ticks, y.label, colors),
    ...apart,
    ...bars,
    baseline(plot, colors.muted),
    ...names,
    x === undefined
      ? ''
      : text(x.label, {
          ...{ x: (plot.left + plot.right) / 2, y: size.height - 10, fill: colors.ink },
          ...{ 'font-size': FONT_SIZE.label, 'text-anchor': 'middle' },
        }),
  );
}

/** The figure above a bar, where the bar is wide enough for it. */
function figure(label: string, x: number, y: number, width: number, colors: ChartColors): Markup {
  if (widthOf(label, FONT_SIZE.value) > width + 2) return '';
  return text(label, {
    ...{ x, y, fill: colors.muted, 'font-size': FONT_SIZE.value, 'text-anchor': 'middle' },
  });
}

function groupName(
  name: string,
  x: number,
  bottom: number,
  look: {
    readonly isSlanted: boolean;
    readonly color: string;
    readonly weight?: number | undefined;
  },
): Markup {
  const common = { fill: look.color, 'font-size': FONT_SIZE.tick, 'font-weight': look.weight };
  if (!look.isSlanted) return text(name, { x, y: bottom + 19, 'text-anchor': 'middle', ...common });
  const transform = `translate(${(x + 4).toFixed(1)} ${(bottom + 14).toFixed(1)}) rotate(-45)`;
  return text(name, { x: 0, y: 0, 'text-anchor': 'end', transform, ...common });
}
