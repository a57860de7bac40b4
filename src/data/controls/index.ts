import { blur } from './blur.js';
import type { Control } from './control.js';
import { hue } from './hue.js';
import { jpeg } from './jpeg.js';
import { noise } from './noise.js';

/** Every control. To add one: a file here and its name in this list. */
export const CONTROLS: Readonly<Record<string, Control>> = Object.fromEntries(
  [noise, blur, hue, jpeg].map((control) => [control.name, control]),
);
