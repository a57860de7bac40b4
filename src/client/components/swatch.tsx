import type { Rgb } from '../../shared/classes.js';

/** A class's colour. */
export function Swatch({ color }: { readonly color: Rgb | undefined }) {
  return (
    <span
      class="swatch"
      aria-hidden="true"
      style={{ background: color && `rgb(${color.join(' ')})` }}
    />
  );
}
