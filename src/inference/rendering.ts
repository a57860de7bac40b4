/** PNGs of a label map: class numbers with a palette of the classes' colours, or as grey values. */
export const LABEL_PNGS = ['mask', 'labels'] as const;
export type LabelPng = (typeof LABEL_PNGS)[number];

/** The pictures that a segmentation can be shown as: those, and the picture painted with the colours. */
export const RENDERINGS = ['mask', 'overlay', 'labels'] as const satisfies readonly (
  LabelPng | 'overlay'
)[];
export type Rendering = (typeof RENDERINGS)[number];

/** The PNGs of a label map that are among renderings. */
export function labelPngsOf(renderings: readonly string[]): LabelPng[] {
  return LABEL_PNGS.filter((kind) => renderings.includes(kind));
}
