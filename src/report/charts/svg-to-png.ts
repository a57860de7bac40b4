import sharp from 'sharp';

/** Pixels an inch that an SVG document's pixel is one of. */
const DENSITY = 72;

/**
 * Draws an SVG document, such as a chart of this folder, as PNG.
 *
 * @param options.scale - pixels of the picture to one of the document. @defaultValue 2
 */
export async function svgToPng(
  svg: string,
  { scale = 2 }: { readonly scale?: number } = {},
): Promise<Uint8Array> {
  return sharp(Buffer.from(svg), { density: DENSITY * scale, unlimited: true })
    .png({ compressionLevel: 9 })
    .toBuffer();
}
