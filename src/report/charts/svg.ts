/** What may stand between the tags of an element: markup that {@link element} or {@link text} made. */
export type Markup = string;

/** An SVG element. Attributes that are undefined are left out; numbers are rounded to hundredths. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>>,
  ...children: readonly Markup[]
): Markup {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escape(format(value!))}"`)
    .join('');
  return children.length === 0
    ? `<${name}${written}/>`
    : `<${name}${written}>${children.join('')}</${name}>`;
}

/** A line of text. */
export function text(
  content: string,
  attributes: Readonly<Record<string, string | number | undefined>>,
): Markup {
  return element('text', attributes, escape(content));
}

/** A whole picture of a size in pixels, on its ground, with a title for those who cannot see it. */
export function picture(
  size: { readonly width: number; readonly height: number },
  options: { readonly title: string; readonly ground: string; readonly font: string },
  ...children: readonly Markup[]
): Markup {
  const { width, height } = size;
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${format(width)} ${format(height)}`,
      width,
      height,
      role: 'img',
      'font-family': options.font,
    },
    element('title', {}, escape(options.title)),
    element('rect', { width, height, fill: options.ground }),
    ...children,
  );
}

/** Escapes what XML gives a meaning to. */
export function escape(content: string): string {
  return content.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function format(value: string | number): string {
  return typeof value === 'number' ? String(Math.round(100 * value) / 100) : value;
}
