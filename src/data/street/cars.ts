import type { Rgb } from '../../shared/classes.js';
import { type Canvas, type Point, scaled } from './canvas.js';
import type { Draws } from './draws.js';
import { LABEL } from './labels.js';
import type { World } from './world.js';

const PAINTS: readonly Rgb[] = [
  [196, 198, 200],
  [168, 172, 176],
  [44, 46, 50],
  [70, 74, 80],
  [150, 28, 30],
  [32, 60, 118],
  [212, 212, 206],
  [36, 76, 62],
  [140, 132, 112],
];
const GLASS: Rgb = [46, 54, 62];
const TYRE: Rgb = [28, 28, 30];

export interface Car {
  /** Middle of the car across, its nearest end ahead. */
  readonly x: number;
  readonly z: number;
  readonly width: number;
  readonly length: number;
  readonly height: number;
  readonly paint: Rgb;
  /** Which end looks at the camera. */
  readonly end: 'rear' | 'front';
  readonly van: boolean;
}

export function planCar(x: number, z: number, end: Car['end'], draws: Draws): Car {
  const van = draws.chance(0.14);
  return {
    x,
    z,
    end,
    van,
    width: van ? 1.95 : draws.between(1.65, 1.85),
    length: van ? 5 : draws.between(3.7, 4.6),
    height: van ? draws.between(2, 2.4) : draws.between(1.38, 1.6),
    paint: scaled(draws.pick(PAINTS), draws.between(0.85, 1.1)),
  };
}

/** Where a car's outline bends: metres above the ground, and shares of its length from the near end. */
interface Profile {
  readonly sill: number;
  readonly belt: number;
  readonly roofFrom: number;
  readonly roofTo: number;
}

/** A car that stands or drives along the street: near end, the side that the camera sees, roof, glass, wheels, shadow. */
export function drawCar(canvas: Canvas, world: World, car: Car): void {
  const { x, z, width, length, height, paint, end, van } = car;
  const profile: Profile = van
    ? { sill: 0.3, belt: 1.15, roofFrom: 0.03, roofTo: end === 'rear' ? 0.86 : 0.8 }
    : {
        sill: 0.28,
        belt: 0.86,
        roofFrom: end === 'rear' ? 0.16 : 0.34,
        roofTo: end === 'rear' ? 0.62 : 0.8,
      };
  const [left, right] = [x - width / 2, x + width / 2];
  const far = z + length;
  const label = LABEL.car;
  const painted = (brightness: number) => ({
    color: world.seen(paint, z, brightness),
    label,
    grain: 3,
  });
  const glass = { color: world.seen(GLASS, z, 0.95), label, grain: 2 };
  const inset = van ? 0.04 : 0.16;
  const at = (px: number, y: number, pz: number): Point => world.project(px, y, pz);
  const roofNear = z + profile.roofFrom * length;
  const roofFar = z + profile.roofTo * length;

  const shadow = [
    at(left - 0.2, 0, z - 0.15),
    at(right + 0.2, 0, z - 0.15),
    at(right + 0.2, 0, far),
    at(left - 0.2, 0, far),
  ];
  canvas.fillPolygon(shadow, { color: [22, 23, 26], opacity: 0.6 });

  // The side that the camera sees is the one nearer to it.
  const side = Math.abs(left) < Math.abs(right) ? left : right;
  if (left > 0 || right < 0) {
    const roofSide = side + (side === left ? inset : -inset);
    canvas.fillPolygon(
      [
        at(side, profile.sill, z),
        at(side, profile.belt, z),
        at(side, profile.belt, far),
        at(side, profile.sill, far),
      ],
      painted(0.78),
    );
    canvas.fillPolygon(
      [
        at(side, profile.belt, z + 0.02),
        at(roofSide, height, roofNear),
        at(roofSide, height, roofFar),
        at(side, profile.belt, far - 0.1 * length),
      ],
      painted(0.7),
    );
    const pane = (from: number, to: number): void =>
      canvas.fillPolygon(
        [
          at(side, profile.belt + 0.04, from),
          at(roofSide, height - 0.1, from + 0.12),
          at(roofSide, height - 0.1, to),
          at(side, profile.belt + 0.04, to + 0.18),
        ],
        glass,
      );
    const middle = (roofNear + roofFar) / 2;
    pane(roofNear + 0.05, middle - 0.06);
    if (!van) pane(middle + 0.06, roofFar - 0.08);
    for (const wheel of [z + 0.18 * length, z + 0.8 * length])
      drawWheel(canvas, world, side, wheel);
  }

  // Cabin, then body: the near end covers what is behind it.
  const window = [
    at(left + inset, height, roofNear),
    at(right - inset, height, roofNear),
    at(right - 0.02, profile.belt, z),
    at(left + 0.02, profile.belt, z),
  ];
  canvas.fillPolygon(
    [
      at(left + inset, height, roofNear),
      at(right - inset, height, roofNear),
      at(right - inset, height, roofFar),
      at(left + inset, height, roofFar),
    ],
    painted(1.12),
  );
  canvas.fillPolygon(window, painted(0.92));
  const pane = (share: number, low: number): Point[] =>
    window.map(([px, py], i) => {
      const [cx, cy] = centerOf(window);
      return [cx + (px - cx) * share, cy + (py - cy) * (i < 2 ? share : low)];
    });
  if (!van || end === 'front') canvas.fillPolygon(pane(0.88, 0.78), glass);
  canvas.fillPolygon(
    [
      at(left, profile.sill, z),
      at(left, profile.belt, z),
      at(right, profile.belt, z),
      at(right, profile.sill, z),
    ],
    painted(0.95),
  );
  drawEnd(canvas, world, car, profile);
}

/** Bumper, number plate, lamps and the two tyres below. */
function drawEnd(
  canvas: Canvas,
  world: World,
  { x, z, width, paint, end }: Car,
  { sill, belt }: Profile,
): void {
  const label = LABEL.car;
  const box = (x0: number, x1: number, y0: number, y1: number, color: Rgb): void => {
    const [l, t] = world.project(x + x0 * width, y1, z);
    const [r, b] = world.project(x + x1 * width, y0, z);
    canvas.fillRect(l, t, r, b, { color, label, grain: 2 });
  };
  const seen = (color: Rgb, brightness = 1): Rgb => world.seen(color, z, brightness);
  box(-0.46, -0.3, 0, sill + 0.04, seen(TYRE));
  box(0.3, 0.46, 0, sill + 0.04, seen(TYRE));
  box(-0.5, 0.5, sill - 0.06, sill + 0.16, seen(scaled(paint, 0.55)));
  const lit = world.weather.light < 0.75;
  const lamp: Rgb =
    end === 'rear'
      ? lit
        ? [236, 44, 36]
        : [150, 26, 28]
      : lit
        ? [255, 248, 224]
        : [208, 212, 216];
  const color = lit ? lamp : seen(lamp, 1.1);
  box(-0.49, -0.33, belt - 0.26, belt - 0.08, color);
  box(0.33, 0.49, belt - 0.26, belt - 0.08, color);
  box(
    -0.16,
    0.16,
    sill + 0.18,
    sill + 0.29,
    seen(end === 'rear' ? [222, 186, 66] : [226, 226, 222]),
  );
  if (end === 'front') box(-0.3, 0.3, belt - 0.3, belt - 0.14, seen([34, 35, 38]));
}

function drawWheel(canvas: Canvas, world: World, x: number, z: number): void {
  const [cx, cy] = world.project(x, 0.3, z);
  const metre = world.pixelsPerMetre(z);
  // Seen at a slant, a wheel is as narrow as the side of the car is foreshortened.
  const along = Math.abs(world.project(x, 0.3, z + 0.6)[0] - world.project(x, 0.3, z)[0]) / 2;
  canvas.fillEllipse(cx, cy, Math.max(along, 0.06 * metre), 0.31 * metre, {
    color: world.seen(TYRE, z),
    label: LABEL.car,
  });
  canvas.fillEllipse(cx, cy, Math.max(along, 0.06 * metre) * 0.55, 0.17 * metre, {
    color: world.seen([120, 122, 126], z),
    label: LABEL.car,
  });
}

function centerOf(points: readonly Point[]): Point {
  const sum = points.reduce<[number, number]>(([sx, sy], [x, y]) => [sx + x, sy + y], [0, 0]);
  return [sum[0] / points.length, sum[1] / points.length];
}
