import type { Rgb } from '../../shared/classes.js';
import { type Canvas, type Point, scaled } from './canvas.js';
import type { Draws } from './draws.js';
import { LABEL } from './labels.js';
import type { World } from './world.js';

/** Nothing nearer than this is drawn: it would lie behind the camera. */
export const NEAREST = 1.6;

const WALLS: readonly Rgb[] = [
  [150, 96, 76],
  [168, 122, 92],
  [190, 178, 156],
  [204, 196, 180],
  [142, 134, 126],
  [176, 160, 132],
  [118, 84, 70],
  [186, 168, 148],
  [132, 128, 132],
];
const GLASS: Rgb = [58, 68, 82];
const STOREY = 3.1;

interface Building {
  readonly side: -1 | 1;
  readonly from: number;
  readonly to: number;
  readonly height: number;
  readonly setback: number;
  readonly wall: Rgb;
  readonly shop: Rgb | undefined;
  readonly windowWidth: number;
  readonly bay: number;
  /** Distances of chimneys from the near end. */
  readonly chimneys: readonly number[];
}

/** Lines both sides of the street with houses and closes its end; gaps are where side streets and gardens are. */
export function drawBuildings(canvas: Canvas, world: World, draws: Draws): void {
  const rows = ([-1, 1] as const).flatMap((side) => planRow(side, draws));
  drawEnd(canvas, world, draws);
  rows.sort((a, b) => b.from - a.from);
  for (const building of rows) drawBuilding(canvas, world, building);
}

function planRow(side: -1 | 1, draws: Draws): Building[] {
  const row: Building[] = [];
  const tall = draws.between(2, 4.4);
  for (let z = draws.between(-8, 4); z < 110;) {
    const length = draws.between(6, 17);
    if (draws.chance(0.86)) {
      row.push({
        side,
        from: z,
        to: z + length,
        height:
          STOREY * Math.max(2, Math.floor(tall + draws.between(-1, 1.6))) + draws.between(0.2, 0.9),
        setback: draws.chance(0.25) ? draws.between(0.4, 3) : 0,
        wall: scaled(draws.pick(WALLS), draws.between(0.85, 1.12)),
        shop: draws.chance(0.35)
          ? [draws.between(40, 170), draws.between(40, 130), draws.between(40, 150)]
          : undefined,
        windowWidth: draws.between(0.85, 1.5),
        bay: draws.between(2.1, 3.4),
        chimneys: draws.chance(0.6) ? [draws.between(0.5, 4), draws.between(4.5, 9)] : [],
      });
    }
    z += length + (draws.chance(0.14) ? draws.between(3, 9) : 0);
  }
  return row;
}

/** Whatever stands at the end of the street: without it the road would run into the sky. */
function drawEnd(canvas: Canvas, world: World, draws: Draws): void {
  const z = 115;
  let x = -70;
  while (x < 70) {
    const width = draws.between(7, 18);
    const height = draws.between(6, 17);
    const color = world.seen(scaled(draws.pick(WALLS), 0.9), z, 0.9);
    const [left, top] = world.project(x, height, z);
    const [right, bottom] = world.project(x + width, -0.3, z);
    canvas.fillRect(left, top, right, bottom + 1, { color, label: LABEL.building, grain: 3 });
    x += width;
  }
}

function drawBuilding(canvas: Canvas, world: World, building: Building): void {
  const { side, height, setback, wall } = building;
  const from = Math.max(building.from, NEAREST);
  const { to } = building;
  if (to <= from) return;
  const x = (side < 0 ? world.facades[0] : world.facades[1]) + side * setback;
  const { weather } = world;
  // The facade that the sun looks at is brighter than the one in its own shade.
  const lit = 1 + weather.sun * (side === weather.sunSide ? -0.28 : 0.12);
  const quad = (z0: number, z1: number, y0: number, y1: number): Point[] => [
    world.project(x, y1, z0),
    world.project(x, y1, z1),
    world.project(x, y0, z1),
    world.project(x, y0, z0),
  ];
  const middle = (z0: number, z1: number): number => (z0 + 2 * z1) / 3;

  // The gable that faces the camera shows where the next house nearer is lower or set back.
  const [gx, gTop] = world.project(x, height, from);
  const [, gBottom] = world.project(x, 0, from);
  const far = world.project(x + side * 9, height, from)[0];
  if (building.from > NEAREST) {
    const gable = { color: world.seen(wall, from, lit * 0.82), label: LABEL.building, grain: 5 };
    canvas.fillRect(Math.min(gx, far), gTop, Math.max(gx, far), gBottom, gable);
  }
  drawChimneys(canvas, world, building, x + side * 2);
  // Long facades lie over a range of distances: strips follow the haze.
  const strip = 8;
  for (let z1 = to; z1 > from; z1 -= strip) {
    const z0 = Math.max(from, z1 - strip);
    const paint = { color: world.seen(wall, middle(z0, z1), lit), label: LABEL.building, grain: 6 };
    canvas.fillPolygon(quad(z0, z1, 0, height), paint);
  }
  for (const [low, high, brightness] of [
    [height - 0.4, height, 1.16],
    [0, 0.35, 0.7],
  ] as const) {
    const paint = {
      color: world.seen(wall, middle(from, to), lit * brightness),
      label: LABEL.building,
      grain: 4,
    };
    canvas.fillPolygon(quad(from, to, low, high), paint);
  }
  drawOpenings(canvas, world, building, from, lit, quad);
}

function drawChimneys(
  canvas: Canvas,
  world: World,
  { from, to, height, chimneys }: Building,
  x: number,
): void {
  for (const distance of chimneys) {
    const z = from + distance;
    if (z < 6 || z > to - 1) continue;
    const [left, top] = world.project(x - 0.45, height + 1.5, z);
    const [right, bottom] = world.project(x + 0.45, height - 1.5, z);
    const paint = { color: world.seen([120, 84, 68], z, 0.85), label: LABEL.building, grain: 5 };
    canvas.fillRect(left, top, right, bottom, paint);
  }
}

type Quad = (z0: number, z1: number, y0: number, y1: number) => Point[];

/** Windows in rows, a door or a shop front below. */
function drawOpenings(
  canvas: Canvas,
  world: World,
  building: Building,
  from: number,
  lit: number,
  quad: Quad,
): void {
  const { to, height, bay, windowWidth, shop, wall } = building;
  const label = LABEL.building;
  const storeys = Math.floor(height / STOREY);
  if (shop !== undefined) {
    const z = Math.max(from, 2);
    canvas.fillPolygon(quad(from, to, 0.25, 2.6), {
      color: world.seen(GLASS, z, 0.8),
      label,
      grain: 4,
    });
    canvas.fillPolygon(quad(from, to, 2.6, 3.2), {
      color: world.seen(shop, z, lit),
      label,
      grain: 4,
    });
  }
  for (let z = building.from + bay * 0.5, index = 0; z + windowWidth < to; z += bay, index++) {
    if (z < from || world.pixelsPerMetre(z) < 3) continue;
    for (let storey = shop === undefined ? 0 : 1; storey < storeys; storey++) {
      const door = storey === 0 && index % 4 === 1;
      const sill = door ? 0 : storey * STOREY + 1;
      const top = storey * STOREY + (door ? 2.2 : 2.45);
      const frame = world.seen(scaled(wall, 1.25), z, lit);
      canvas.fillPolygon(quad(z - 0.1, z + windowWidth + 0.1, sill - 0.1, top + 0.1), {
        color: frame,
        label,
        grain: 3,
      });
      const glow = world.weather.kind === 'dusk' && (index * 7 + storey * 3) % 4 === 0;
      const pane: Rgb = door ? scaled(wall, 0.45) : glow ? [250, 214, 140] : GLASS;
      const color = glow
        ? scaled(pane, 0.9)
        : world.seen(pane, z, 0.9 + 0.25 * ((index + storey) % 3));
      canvas.fillPolygon(quad(z, z + windowWidth, sill, top), { color, label, grain: 3 });
      if (!door && world.pixelsPerMetre(z) > 14) {
        const bar = z + windowWidth / 2;
        canvas.fillPolygon(quad(bar - 0.03, bar + 0.03, sill, top), { color: frame, label });
      }
    }
  }
}
