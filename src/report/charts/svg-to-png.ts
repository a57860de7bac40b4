import { Resvg } from '@resvg/resvg-js';

/**
 * Draws an SVG document, such as a chart of this folder, as PNG. Not by sharp, which reads no SVG in segprobe: pictures that
 * anybody sends must not be documents.
 *
 * @param options.scale - pixels of the picture to one of the document. @defaultValue 2
 */
export function svgToPng(svg: string, { scale = 2 }: { readonly scale?: number } = {}): Uint8Array {
  const options = {
    fitTo: { mode: 'zoom', value: scale },
    font: { loadSystemFonts: true },
  } as const;
  return new Resvg(svg, options).render().asPng();
}
