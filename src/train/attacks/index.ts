import { apgd } from './apgd.js';
import type { Attack } from './attack.js';
import { fgsm } from './fgsm.js';
import { cospgd, pgd, segpgd } from './pgd.js';

/** Every attack on single images. To add one: a file here and its name in this list. */
export const ATTACKS: Readonly<Record<string, Attack>> = Object.fromEntries(
  [fgsm, pgd, segpgd, cospgd, apgd].map((attack) => [attack.name, attack]),
);
