import { escape } from './charts/svg.js';

/** Markup that stands as it is in {@link html}. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = Html | string | number | null | undefined | false | readonly Part[];

/** A template of HTML: what is put in is escaped, unless it is {@link Html} itself; lists are joined; null and false are nothing. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(
    strings.map((own, i) => own + (i < parts.length ? write(parts[i]) : '')).join(''),
  );
}

/** Markup that another writer made: an SVG chart, a style sheet. */
export function raw(text: string): Html {
  return new Html(text);
}

function write(part: Part): string {
  if (part === null || part === undefined || part === false) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'object') return part.map(write).join('');
  return escape(String(part));
}
