import type { Rgb } from '../../shared/classes.js';
import type { Canvas } from './canvas.js';
import type { Draws } from './draws.js';
import { LABEL } from './labels.js';
import { hash2, valueNoise } from './noise.js';
import type { World } from './world.js';

/** What the street is made of and painted with; lengths in metres. */
interface Street {
  readonly asphalt: Rgb;
  readonly slabs: Rgb;
  readonly verge: Rgb;
  readonly kerb: number;
  readonly slabLength: number;
  readonly lanes: number;
  readonly dash: number;
  readonly edgeLines: boolean;
  readonly crossingAt: number | undefined;
  readonly shadowReach: number;
  readonly seed: number;
}

const PAINT: Rgb = [206, 205, 198];
const KERB: Rgb = [150, 147, 141];

/** Paints everything below the horizon, row by row: a row is one distance, so its surfaces are spans. */
export function drawGround(canvas: Canvas, world: World, draws: Draws, seed: number): void {
  const { weather, size, horizon } = world;
  const wet = weather.kind === 'rain';
  const grey = draws.between(92, 128) * (wet ? 0.72 : 1);
  const paving = draws.between(118, 160) * (wet ? 0.8 : 1);
  const street: Street = {
    asphalt: [grey, grey, grey * draws.between(0.98, 1.06)],
    slabs: [paving, paving * 0.97, paving * draws.between(0.9, 0.97)],
    verge: draws.chance(0.5) ? [92, 112, 62] : [paving * 0.8, paving * 0.78, paving * 0.72],
    kerb: 0.18,
    slabLength: draws.between(0.6, 1.4),
    lanes: draws.chance(0.8) ? 2 : 1,
    dash: draws.between(2, 4),
    edgeLines: draws.chance(0.45),
    crossingAt: draws.chance(0.3) ? draws.between(9, 26) : undefined,
    shadowReach: weather.sun * draws.between(0, 1.6) * world.roadHalf,
    seed,
  };
  for (let y = Math.ceil(horizon); y < size.height; y++) drawRow(canvas, world, street, y);
}

function drawRow(canvas: Canvas, world: World, street: Street, y: number): void {
  const { roadCenter, roadHalf, pavement, size } = world;
  const { x: originX, z } = world.groundAt(0, y + 0.5);
  const metre = world.pixelsPerMetre(z);
  const toPixel = (x: number): number => (x - originX) * metre;
  const grain = Math.min(9, 2 + metre * 0.12);
  // Worn patches: slow noise along the street, so that no two rows are quite alike.
  const worn = (surface: number): number =>
    1 +
    (valueNoise(z * 0.35, surface, street.seed) - 0.5) * 0.16 +
    (hash2(y, surface, street.seed) - 0.5) * 0.02;
  const [left, right] = [roadCenter - roadHalf, roadCenter + roadHalf];
  const paint = (from: number, to: number, color: Rgb, label: number, brightness = 1): void =>
    canvas.fillSpan(y, toPixel(from), toPixel(to), {
      color: world.seen(color, z, brightness),
      label,
      grain,
    });

  canvas.fillSpan(y, 0, size.width, {
    color: world.seen(street.verge, z, worn(1)),
    label: LABEL.pavement,
    grain,
  });
  for (const side of [-1, 1]) {
    const edge = side < 0 ? left : right;
    const joint = Math.floor(z / street.slabLength) % 2 === 0 ? 1 : 0.95;
    paint(
      side < 0 ? edge - pavement : edge,
      side < 0 ? edge : edge + pavement,
      street.slabs,
      LABEL.pavement,
      worn(2 + side) * joint,
    );
    paint(
      side < 0 ? edge - street.kerb : edge,
      side < 0 ? edge : edge + street.kerb,
      KERB,
      LABEL.pavement,
    );
  }
  paint(left, right, street.asphalt, LABEL.road, worn(4));
  drawMarkings(world, street, z, (from, to, color) => paint(from, to, color, LABEL.road, worn(5)));
  drawShade(canvas, world, street, y, toPixel);
}

/** Lines along the street and the crossing; `paint` takes x from and to. */
function drawMarkings(
  { roadCenter, roadHalf }: World,
  { lanes, dash, edgeLines, crossingAt }: Street,
  z: number,
  paint: (from: number, to: number, color: Rgb) => void,
): void {
  const [left, right] = [roadCenter - roadHalf, roadCenter + roadHalf];
  const crossing = crossingAt !== undefined && z > crossingAt && z < crossingAt + 3.2;
  if (crossing) {
    for (let x = left + 0.4; x < right - 0.4; x += 1.1) paint(x, x + 0.55, PAINT);
    return;
  }
  if (crossingAt !== undefined && z > crossingAt - 1.4 && z < crossingAt - 1) {
    paint(left + 0.2, roadCenter, PAINT);
    return;
  }
  if (lanes === 2 && z % (dash * 2.2) < dash) paint(roadCenter - 0.07, roadCenter + 0.07, PAINT);
  if (edgeLines) {
    paint(left + 0.3, left + 0.42, PAINT);
    paint(right - 0.42, right - 0.3, PAINT);
  }
}

/** The shade that the buildings on the sun's side throw over the street, broken by the gaps between them. */
function drawShade(
  canvas: Canvas,
  world: World,
  { shadowReach, seed }: Street,
  y: number,
  toPixel: (x: number) => number,
): void {
  const { weather, facades } = world;
  if (weather.sun < 0.2) return;
  const { z } = world.groundAt(0, y + 0.5);
  if (hash2(Math.floor(z / 9), 3, seed) < 0.22) return;
  const near = weather.sunSide < 0 ? facades[0] : facades[1];
  const reach = near - weather.sunSide * (shadowReach + 3 + valueNoise(z * 0.3, 9, seed) * 0.6);
  const [from, to] = weather.sunSide < 0 ? [near, reach] : [reach, near];
  const color = world.seen([28, 30, 40], z);
  canvas.fillSpan(y, toPixel(from), toPixel(to), { color, opacity: 0.35 + 0.2 * weather.sun });
}
