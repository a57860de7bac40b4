import type { Rgb } from '../../shared/classes.js';
import { type Canvas, scaled } from './canvas.js';
import type { Draws } from './draws.js';
import { LABEL } from './labels.js';
import { valueNoise } from './noise.js';
import type { World } from './world.js';

const LEAVES: readonly Rgb[] = [
  [62, 84, 40],
  [78, 96, 46],
  [54, 72, 42],
  [96, 104, 54],
  [116, 98, 48],
];

export interface Tree {
  readonly x: number;
  readonly z: number;
  readonly height: number;
  readonly spread: number;
  readonly leaves: Rgb;
  readonly seed: number;
}

export function planTree(x: number, z: number, draws: Draws): Tree {
  const height = draws.between(4.5, 9);
  return {
    x,
    z,
    height,
    spread: height * draws.between(0.26, 0.42),
    leaves: scaled(draws.pick(LEAVES), draws.between(0.8, 1.15)),
    seed: draws.whole(0, 1e6),
  };
}

/** A trunk, and a crown of foliage with a ragged edge, brighter towards the sun. */
export function drawTree(
  canvas: Canvas,
  world: World,
  { x, z, height, spread, leaves, seed }: Tree,
): void {
  const metre = world.pixelsPerMetre(z);
  const [cx, ground] = world.project(x, 0, z);
  const [, crownY] = world.project(x, height - spread * 0.95, z);
  const trunk = Math.max(1, 0.16 * metre);
  const bark = { color: world.seen([74, 62, 50], z), label: LABEL.tree, grain: 8 };
  canvas.fillPolygon(
    [
      [cx - trunk * 0.7, crownY],
      [cx + trunk * 0.7, crownY],
      [cx + trunk, ground],
      [cx - trunk, ground],
    ],
    bark,
  );
  drawFoliage(canvas, world, {
    cx,
    cy: crownY,
    rx: spread * metre,
    ry: spread * 0.95 * metre,
    z,
    leaves,
    seed,
  });
}

interface Foliage {
  readonly cx: number;
  readonly cy: number;
  readonly rx: number;
  readonly ry: number;
  readonly z: number;
  readonly leaves: Rgb;
  readonly seed: number;
}

/** Fills an ellipse whose edge and inside are broken by noise, run by run. */
export function drawFoliage(
  canvas: Canvas,
  world: World,
  { cx, cy, rx, ry, z, leaves, seed }: Foliage,
): void {
  const { sunSide, sun } = world.weather;
  const tones = [0.62, 0.8, 1, 1.18].map((tone) => world.seen(leaves, z, tone));
  const step = Math.max(1, Math.round(rx / 40));
  const scale = 7 / (rx + 1);
  const top = Math.max(0, Math.floor(cy - ry * 1.2));
  const bottom = Math.min(canvas.height, Math.ceil(cy + ry * 1.1));
  const left = Math.max(0, Math.floor(cx - rx * 1.2));
  const right = Math.min(canvas.width, Math.ceil(cx + rx * 1.2));
  for (let y = top; y < bottom; y++) {
    const v = (y - cy) / ry;
    const blockY = Math.floor(y / step) * step;
    for (let x = left; x < right; x += step) {
      const u = (x - cx) / rx;
      const noise = valueNoise((x - cx) * scale, (blockY - cy) * scale, seed);
      if (u * u + v * v > 0.55 + noise * 0.75) continue;
      const fine = valueNoise((x - cx) * scale * 4, (blockY - cy) * scale * 4, seed + 1);
      const brightness = 1.6 - v * 0.8 + u * sunSide * sun * 0.5 + fine * 2.2 - 1;
      const tone = tones[Math.max(0, Math.min(3, Math.floor(brightness)))]!;
      canvas.fillSpan(y, x, x + step, { color: tone, label: LABEL.tree, grain: 10 });
    }
  }
}
