import { heading, type LegendEntry, type Size } from './frame.js';
import { element, escape, type Markup, picture, text } from './svg.js';
import { type ChartColors, FONT, FONT_SIZE, LIGHT } from './theme.js';

export interface PictureGrid {
  readonly title: string;
  /** Captions of the columns. */
  readonly columns: readonly string[];
  /** A picture for each column, PNG or JPEG, and the row's caption. */
  readonly rows: readonly { readonly name: string; readonly pictures: readonly Uint8Array[] }[];
  /** How large each picture is drawn. */
  readonly cell: Size;
  /** What the colours within the pictures mean. @defaultValue no legend */
  readonly legend?: readonly LegendEntry[];
  /** @defaultValue on white */
  readonly colors?: ChartColors;
}

const EDGE = 16;
const GAP = 6;
/** Heights of the columns' names and of a row's caption. */
const NAMES = 30;
const CAPTION = 22;

/** Draws pictures in rows and columns with captions, as an SVG document that holds the pictures. */
export function pictureGrid(grid: PictureGrid): Markup {
  const { title, columns, rows, cell, legend = [], colors = LIGHT } = grid;
  const left = (column: number): number => EDGE + column * (cell.width + GAP);
  const width = left(columns.length) - GAP + EDGE;
  const head = heading(title, legend, width, colors);
  const top = (row: number): number => head.height + NAMES + row * (cell.height + CAPTION + GAP);
  const names = columns.map((name, column) =>
    text(name, {
      ...{ x: left(column) + cell.width / 2, y: head.height + NAMES - 14, fill: colors.ink },
      ...{ 'font-size': FONT_SIZE.label, 'font-weight': 600, 'text-anchor': 'middle' },
    }),
  );
  const cells = rows.flatMap(({ name, pictures }, row) => [
    ...pictures.map((bytes, column) =>
      element(
        'image',
        { x: left(column), y: top(row), ...cell, href: toDataUri(bytes) },
        element('title', {}, escape(`${name}: ${columns[column]}`)),
      ),
    ),
    text(name, {
      ...{ x: EDGE, y: top(row) + cell.height + 15 },
      ...{ fill: colors.muted, 'font-size': FONT_SIZE.tick },
    }),
  ]);
  return picture(
    { width, height: top(rows.length) - GAP + EDGE },
    { title, ground: colors.ground, font: FONT },
    head.markup,
    ...names,
    ...cells,
  );
}

/** A picture within a document; PNG unless it begins as JPEG files do. */
export function toDataUri(bytes: Uint8Array): string {
  const type = bytes[0] === 0xff && bytes[1] === 0xd8 ? 'jpeg' : 'png';
  return `data:image/${type};base64,${Buffer.from(bytes).toString('base64')}`;
}
