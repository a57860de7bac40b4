import type { Rgb } from '../../shared/classes.js';
import type { Canvas } from './canvas.js';
import type { Draws } from './draws.js';
import { LABEL } from './labels.js';
import type { World } from './world.js';

const STEEL: Rgb = [112, 116, 118];

/** A lamp post whose arm reaches over the street. `side` is that of the pavement it stands on. */
export function drawLampPost(
  canvas: Canvas,
  world: World,
  x: number,
  z: number,
  side: number,
  height: number,
): void {
  const thickness = 0.12 * world.pixelsPerMetre(z);
  const paint = { color: world.seen(STEEL, z), label: LABEL.pole, grain: 4 };
  const foot = world.project(x, 0, z);
  const head = world.project(x, height, z);
  const lamp = world.project(x - side * 1.4, height + 0.25, z);
  canvas.strokeLine(foot, head, Math.max(thickness, 1.2), paint);
  canvas.strokeLine(head, lamp, Math.max(thickness * 0.6, 1), paint);
  canvas.strokeLine(
    lamp,
    world.project(x - side * 1.9, height + 0.2, z),
    Math.max(thickness, 1.4),
    paint,
  );
}

/** A traffic sign on a post: a disc, a triangle or a plate, each with its border. */
export function drawSign(canvas: Canvas, world: World, x: number, z: number, draws: Draws): void {
  const metre = world.pixelsPerMetre(z);
  const [cx, top] = world.project(x, draws.between(2.3, 2.9), z);
  const post = { color: world.seen(STEEL, z), label: LABEL.pole, grain: 3 };
  canvas.strokeLine(world.project(x, 0, z), [cx, top], Math.max(0.08 * metre, 1.1), post);
  const radius = draws.between(0.32, 0.5) * metre;
  const plate = (color: Rgb) => ({ color: world.seen(color, z, 1.1), label: LABEL.sign, grain: 2 });
  const [red, white, blue] = [plate([188, 34, 36]), plate([232, 232, 228]), plate([36, 76, 156])];
  switch (draws.pick(['disc', 'triangle', 'blue', 'board'] as const)) {
    case 'disc':
      canvas.fillEllipse(cx, top, radius, radius, red);
      canvas.fillEllipse(cx, top, radius * 0.72, radius * 0.72, white);
      return;
    case 'triangle':
      canvas.fillPolygon(
        [
          [cx, top - radius * 1.1],
          [cx + radius, top + radius * 0.7],
          [cx - radius, top + radius * 0.7],
        ],
        red,
      );
      canvas.fillPolygon(
        [
          [cx, top - radius * 0.55],
          [cx + radius * 0.6, top + radius * 0.45],
          [cx - radius * 0.6, top + radius * 0.45],
        ],
        white,
      );
      return;
    case 'blue':
      canvas.fillEllipse(cx, top, radius, radius, blue);
      canvas.fillRect(
        cx - radius * 0.15,
        top - radius * 0.6,
        cx + radius * 0.15,
        top + radius * 0.6,
        white,
      );
      return;
    case 'board':
      canvas.fillRect(
        cx - radius * 1.5,
        top - radius * 0.8,
        cx + radius * 1.5,
        top + radius * 0.8,
        white,
      );
      canvas.fillRect(
        cx - radius * 1.35,
        top - radius * 0.65,
        cx + radius * 1.35,
        top + radius * 0.65,
        draws.chance(0.5) ? blue : plate([40, 112, 72]),
      );
      canvas.fillRect(cx - radius, top - radius * 0.2, cx + radius, top + radius * 0.05, white);
  }
}

/** A traffic light: a post with a dark box and one of three lamps lit. */
export function drawTrafficLight(
  canvas: Canvas,
  world: World,
  x: number,
  z: number,
  draws: Draws,
): void {
  const metre = world.pixelsPerMetre(z);
  const [cx, top] = world.project(x, 3.1, z);
  const [, bottom] = world.project(x, 2.2, z);
  const post = { color: world.seen(STEEL, z, 0.8), label: LABEL.pole, grain: 3 };
  canvas.strokeLine(world.project(x, 0, z), [cx, bottom], Math.max(0.1 * metre, 1.2), post);
  const half = Math.max(1, 0.19 * metre);
  canvas.fillRect(cx - half, top, cx + half, bottom, {
    color: world.seen([34, 36, 38], z),
    label: LABEL.sign,
  });
  const lamps: readonly Rgb[] = [
    [232, 52, 40],
    [240, 176, 48],
    [64, 206, 112],
  ];
  const lit = draws.whole(0, 2);
  lamps.forEach((lamp, i) => {
    const y = top + ((i + 0.5) / 3) * (bottom - top);
    const color = i === lit ? lamp : world.seen([52, 50, 46], z);
    canvas.fillEllipse(cx, y, half * 0.6, half * 0.6, { color, label: LABEL.sign });
  });
}

/** A railing or a wooden fence along the street: the whole panel is "fence", gaps between the bars included. */
export function drawFence(
  canvas: Canvas,
  world: World,
  x: number,
  from: number,
  to: number,
  draws: Draws,
): void {
  const railing = draws.chance(0.6);
  const height = railing ? 1.05 : draws.between(1.2, 1.8);
  const color: Rgb = railing ? [74, 80, 84] : [126, 96, 66];
  const behind: Rgb = railing ? [104, 108, 98] : [108, 82, 56];
  const label = LABEL.fence;
  const panel = 2.2;
  for (let z = to; z > from; z -= panel) {
    const near = Math.max(from, z - panel);
    const quad = (z0: number, z1: number, y0: number, y1: number) =>
      [
        world.project(x, y1, z0),
        world.project(x, y1, z1),
        world.project(x, y0, z1),
        world.project(x, y0, z0),
      ] as const;
    canvas.fillPolygon(quad(near, z, 0, height), {
      color: world.seen(behind, z),
      label,
      grain: railing ? 9 : 6,
    });
    const bars = { color: world.seen(color, z), label, grain: 4 };
    if (world.pixelsPerMetre(z) > 9) {
      for (let bar = near; bar < z; bar += railing ? 0.28 : 0.35) {
        canvas.fillPolygon(quad(bar, bar + (railing ? 0.06 : 0.27), 0, height), bars);
      }
    }
    canvas.fillPolygon(quad(near, z, height - 0.08, height), bars);
    canvas.fillPolygon(quad(near, near + 0.1, 0, height + 0.08), bars);
  }
}
