/** How many drawn scenes lie beside the page: `samples/N.webp`, each with `N.thumb.webp` and its label, `N.label.png`. */
export const SAMPLES = 6;
