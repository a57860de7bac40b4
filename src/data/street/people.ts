import type { Rgb } from '../../shared/classes.js';
import type { Canvas, Point } from './canvas.js';
import type { Draws } from './draws.js';
import { LABEL } from './labels.js';
import type { World } from './world.js';

const CLOTHES: readonly Rgb[] = [
  [36, 40, 54],
  [62, 62, 66],
  [120, 36, 40],
  [58, 84, 120],
  [148, 140, 126],
  [44, 70, 52],
  [186, 176, 168],
  [150, 96, 52],
];
const SKIN: readonly Rgb[] = [
  [206, 164, 138],
  [168, 122, 94],
  [104, 74, 58],
];

/** Draws in metres around a place on the ground: x across, y up. */
interface Pen {
  readonly at: (x: number, y: number) => Point;
  readonly metre: number;
  readonly paint: (color: Rgb) => { color: Rgb; label: number; grain: number };
}

function penAt(world: World, x: number, z: number, label: number): Pen {
  return {
    at: (dx, y) => world.project(x + dx, y, z),
    metre: world.pixelsPerMetre(z),
    paint: (color) => ({ color: world.seen(color, z), label, grain: 4 }),
  };
}

/** A walking or standing person: shoes, legs in a stride, coat, arms, head and hair. */
export function drawPedestrian(
  canvas: Canvas,
  world: World,
  x: number,
  z: number,
  draws: Draws,
): void {
  const pen = penAt(world, x, z, LABEL.pedestrian);
  const tall = draws.between(0.92, 1.1);
  const stride = draws.between(0.04, 0.28) * (draws.chance(0.5) ? 1 : -1);
  const [coat, trousers, skin] = [draws.pick(CLOTHES), draws.pick(CLOTHES), draws.pick(SKIN)];
  const shadow = pen.at(0, 0);
  canvas.fillEllipse(shadow[0], shadow[1], 0.34 * pen.metre, 0.07 * pen.metre, {
    color: [24, 25, 28],
    opacity: 0.5,
  });
  const limb = (from: Point, to: Point, width: number, color: Rgb): void =>
    canvas.strokeLine(from, to, width * pen.metre, pen.paint(color));
  for (const direction of [1, -1]) {
    const foot = stride * direction;
    limb(pen.at(0.06 * direction, 0.86 * tall), pen.at(foot * 0.6, 0.44 * tall), 0.17, trousers);
    limb(pen.at(foot * 0.6, 0.46 * tall), pen.at(foot, 0.03), 0.13, trousers);
    limb(pen.at(foot - 0.05, 0.03), pen.at(foot + 0.12, 0.03), 0.08, [32, 28, 26]);
  }
  const shoulders: Point[] = [
    pen.at(-0.2, 1.42 * tall),
    pen.at(0.2, 1.42 * tall),
    pen.at(0.19, 0.8 * tall),
    pen.at(-0.19, 0.8 * tall),
  ];
  canvas.fillPolygon(shoulders, pen.paint(coat));
  for (const direction of [1, -1]) {
    limb(
      pen.at(0.22 * direction, 1.38 * tall),
      pen.at(0.24 * direction - stride * direction * 0.5, 0.88 * tall),
      0.1,
      coat,
    );
  }
  const [hx, hy] = pen.at(0, 1.6 * tall);
  canvas.fillEllipse(
    hx,
    hy - 0.03 * pen.metre,
    0.115 * pen.metre,
    0.13 * pen.metre,
    pen.paint([48, 38, 32]),
  );
  canvas.fillEllipse(
    hx,
    hy + 0.02 * pen.metre,
    0.095 * pen.metre,
    0.12 * pen.metre,
    pen.paint(skin),
  );
}

/** A cyclist seen from behind or in front, slightly from the side: wheels, frame, and a leaning rider. */
export function drawCyclist(
  canvas: Canvas,
  world: World,
  x: number,
  z: number,
  draws: Draws,
): void {
  const pen = penAt(world, x, z, LABEL.bicyclist);
  const [jacket, trousers, skin] = [draws.pick(CLOTHES), draws.pick(CLOTHES), draws.pick(SKIN)];
  const turn = draws.between(0.25, 0.62) * (draws.chance(0.5) ? 1 : -1);
  const frame: Rgb = [draws.between(40, 190), draws.between(30, 80), draws.between(30, 90)];
  const shadow = pen.at(0, 0);
  canvas.fillEllipse(shadow[0], shadow[1], 0.7 * pen.metre, 0.07 * pen.metre, {
    color: [24, 25, 28],
    opacity: 0.5,
  });
  const limb = (from: Point, to: Point, width: number, color: Rgb): void =>
    canvas.strokeLine(from, to, width * pen.metre, pen.paint(color));
  for (const wheel of [-turn, turn]) drawRing(canvas, pen, wheel, Math.abs(turn) * 0.5);
  limb(pen.at(-turn * 0.9, 0.35), pen.at(-turn * 0.2, 0.92), 0.05, frame);
  limb(pen.at(-turn * 0.2, 0.92), pen.at(turn * 0.8, 0.95), 0.05, frame);
  limb(pen.at(turn * 0.8, 1.05), pen.at(turn, 0.35), 0.05, frame);
  limb(pen.at(0, 0.32), pen.at(turn * 0.8, 0.9), 0.05, frame);
  for (const direction of [1, -1]) {
    limb(
      pen.at(-turn * 0.2, 0.98),
      pen.at(turn * 0.25 + 0.06 * direction, 0.66 + 0.1 * direction),
      0.16,
      trousers,
    );
    limb(
      pen.at(turn * 0.25 + 0.06 * direction, 0.68 + 0.1 * direction),
      pen.at(0.04 * direction, 0.24 + 0.12 * direction),
      0.12,
      trousers,
    );
  }
  const torso: Point[] = [
    pen.at(-turn * 0.4 - 0.12, 0.94),
    pen.at(-turn * 0.4 + 0.2, 0.94),
    pen.at(turn * 0.35 + 0.2, 1.5),
    pen.at(turn * 0.35 - 0.2, 1.5),
  ];
  canvas.fillPolygon(torso, pen.paint(jacket));
  limb(pen.at(turn * 0.35, 1.42), pen.at(turn * 0.85, 1.06), 0.1, jacket);
  const [hx, hy] = pen.at(turn * 0.45, 1.66);
  canvas.fillEllipse(hx, hy, 0.11 * pen.metre, 0.14 * pen.metre, pen.paint(skin));
  if (draws.chance(0.6))
    canvas.fillEllipse(
      hx,
      hy - 0.06 * pen.metre,
      0.13 * pen.metre,
      0.09 * pen.metre,
      pen.paint(frame),
    );
}

/** A wheel seen at a slant: spokes are left out, the rim is a ring of short strokes. */
function drawRing(canvas: Canvas, pen: Pen, center: number, half: number): void {
  const radius = 0.34;
  // The corners of a regular 12-gon, exact on every machine.
  const [a, b] = [0.8660254037844386, 0.5];
  const corners = [
    [1, 0],
    [a, b],
    [b, a],
    [0, 1],
    [-b, a],
    [-a, b],
    [-1, 0],
    [-a, -b],
    [-b, -a],
    [0, -1],
    [b, -a],
    [a, -b],
  ] as const;
  corners.forEach(([x0, y0], i) => {
    const [x1, y1] = corners[(i + 1) % corners.length]!;
    const point = (x: number, y: number): Point =>
      pen.at(center + x * half * 1.3, radius * (1 + y));
    canvas.strokeLine(
      point(x0, y0),
      point(x1, y1),
      Math.max(0.05 * pen.metre, 0.9),
      pen.paint([30, 30, 32]),
    );
  });
}
