import { CAMVID, CITYSCAPES, type Rgb } from '../shared/classes.js';
import type { ModelFacts } from '../shared/manifest.js';

/** A victim halves its input three times. */
const SIZE_STEP = 8;
const MAX_CLASSES = 255;

/**
 * Makes a model's facts of what somebody typed.
 *
 * @throws Error in words for what cannot be.
 */
export function factsByHand(typed: {
  readonly kind: string;
  /** Names with commas between. */
  readonly classes: string;
  readonly width: string;
  readonly height: string;
}): ModelFacts {
  const classes = typed.classes
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (classes.length === 0 || classes.length > MAX_CLASSES) {
    throw new Error(`expected the names of 1 to ${MAX_CLASSES} classes, got ${classes.length}`);
  }
  const side = (name: 'width' | 'height'): number => {
    const value = Number(typed[name]);
    if (Number.isInteger(value) && value >= SIZE_STEP && value % SIZE_STEP === 0) return value;
    throw new Error(`expected a ${name} that is a multiple of ${SIZE_STEP}, got "${typed[name]}"`);
  };
  return {
    kind: typed.kind === 'attacker' ? 'attacker' : 'victim',
    classes,
    palette: classes.map(
      (name, k) => [...colorOf(name, k / classes.length)] as [number, number, number],
    ),
    ignoreIndex: MAX_CLASSES,
    dataset: 'unknown',
    inputSize: { width: side('width'), height: side('height') },
    checkpointSha256: '0'.repeat(64),
  };
}

/** A class that data sets know has their colour; others go round the colour wheel. */
function colorOf(name: string, turn: number): Rgb {
  const known = [...CAMVID.classes, ...CITYSCAPES.classes].find((one) => one.name === name);
  if (known) return known.color;
  const channel = (shift: number): number =>
    Math.round(128 + 100 * Math.cos(2 * Math.PI * (turn + shift)));
  return [channel(0), channel(1 / 3), channel(2 / 3)];
}
