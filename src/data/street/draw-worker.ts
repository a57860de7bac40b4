import { move, transferableSymbol, valueSymbol } from 'piscina';
import type { Size } from '../dataset.js';
import { drawScene } from './draw-scene.js';

export interface DrawTask {
  readonly seed: number;
  readonly size: Size;
  readonly name: string;
}

/** Draws a scene in a worker thread; its arrays are handed over, not copied. */
export function draw({ seed, size, name }: DrawTask): unknown {
  const scene = drawScene(seed, size, name);
  const buffers = [scene.image.buffer, scene.label.buffer];
  return move({ [transferableSymbol]: buffers, [valueSymbol]: scene });
}
