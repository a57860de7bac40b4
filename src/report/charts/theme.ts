/** The colours of what is not data. */
export interface ChartColors {
  readonly ground: string;
  readonly ink: string;
  /** Of ticks and captions. */
  readonly muted: string;
  readonly grid: string;
}

/** On white, as papers have it. */
export const LIGHT: ChartColors = {
  ground: '#ffffff',
  ink: '#1b1f24',
  muted: '#57606a',
  grid: '#dfe3e8',
};

/** For charts within a page, which sets the variables for its light and its dark form. */
export const EMBEDDED: ChartColors = {
  ground: 'var(--chart-ground)',
  ink: 'var(--chart-ink)',
  muted: 'var(--chart-muted)',
  grid: 'var(--chart-grid)',
};

/**
 * Colours of series, in the order of use: told apart by the colour-blind, on white as on black.
 * @see Okabe and Ito 2008, "Color Universal Design"
 */
export const SERIES_COLORS = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9',
] as const;

/** The colour of a series by its number. */
export function seriesColor(index: number): string {
  return SERIES_COLORS[index % SERIES_COLORS.length]!;
}

export const FONT = "'Liberation Sans', Arial, Helvetica, 'DejaVu Sans', sans-serif";
export const FONT_SIZE = { title: 16, label: 13, tick: 12, value: 9.5 } as const;

/** About how wide a line of {@link FONT} is, in pixels. */
export function widthOf(content: string, size: number): number {
  return 0.56 * size * content.length;
}
