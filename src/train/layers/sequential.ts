import type { Layer } from '../models/model.js';

/** The layers one after the other. */
export function sequential(...layers: readonly Layer[]): Layer {
  return (x, pass) => layers.reduce((value, layer) => layer(value, pass), x);
}
