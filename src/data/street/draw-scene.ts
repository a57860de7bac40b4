import { createRandom } from '../../shared/random.js';
import type { Scene, Size } from '../dataset.js';
import { drawBuildings } from './buildings.js';
import { Canvas } from './canvas.js';
import { drawCar, planCar } from './cars.js';
import { createDraws, type Draws } from './draws.js';
import { drawBonnet, drawRain, expose } from './finish.js';
import { drawFence, drawLampPost, drawSign, drawTrafficLight } from './furniture.js';
import { drawGround } from './ground.js';
import { drawCyclist, drawPedestrian } from './people.js';
import { drawSky } from './sky.js';
import { drawTree, planTree } from './trees.js';
import { createWeather, createWorld, type World } from './world.js';

/** Something that stands on the street: drawn from far to near. */
interface Placed {
  readonly z: number;
  readonly draw: () => void;
}

/**
 * Draws one street scene with CamVid's classes: the same bytes for the same seed and size on every machine (nothing but exact
 * arithmetic goes into it).
 *
 * @param seed - any whole number; each gives another street, light and weather.
 * @param size - multiples of 8 are what networks want; any size from 32×32 is drawn.
 */
export function drawScene(seed: number, size: Size, name = `scene-${seed}`): Scene {
  const canvas = new Canvas(size);
  // Each part draws from its own generator, so that a change of one leaves the others as they are.
  const part = (number: number): Draws => createDraws(createRandom(seed, number));
  const weather = createWeather(part(1));
  const world = createWorld(size, weather, part(2));
  drawSky(canvas, world, seed);
  drawGround(canvas, world, part(3), seed);
  drawBuildings(canvas, world, part(4));
  const placed = [
    ...placeTraffic(canvas, world, part(5)),
    ...placeFurniture(canvas, world, part(6)),
    ...placePeople(canvas, world, part(7)),
    ...placeTrees(canvas, world, part(8)),
  ];
  placed.sort((a, b) => b.z - a.z);
  for (const { draw } of placed) draw();
  if (weather.kind === 'rain') drawRain(canvas, world, part(9));
  if (part(10).chance(0.55)) drawBonnet(canvas, world, part(11));
  expose(canvas, world, part(12));
  return { name, ...size, image: canvas.image, label: canvas.label };
}

/** Parked cars along the kerbs, cars ahead in the own lane and oncoming ones. */
function placeTraffic(canvas: Canvas, world: World, draws: Draws): Placed[] {
  const { roadCenter, roadHalf } = world;
  const placed: Placed[] = [];
  const place = (x: number, z: number, end: 'rear' | 'front'): void => {
    const car = planCar(x, z, end, draws);
    placed.push({ z, draw: () => drawCar(canvas, world, car) });
  };
  for (const side of [-1, 1] as const) {
    if (!draws.chance(0.7)) continue;
    const kerb = roadCenter + side * (roadHalf - 1);
    for (let z = draws.between(4, 14); z < 60; z += draws.between(5.4, 7)) {
      if (Math.abs(kerb) > 1.7 && draws.chance(0.62))
        place(kerb, z, draws.chance(0.7) === side > 0 ? 'rear' : 'front');
    }
  }
  const ownLane = Math.min(0.4, roadCenter + 0.35 * roadHalf - 0.5);
  if (draws.chance(0.55)) place(ownLane, draws.between(7, 40), 'rear');
  const oncoming = roadCenter - 0.3 * roadHalf;
  if (oncoming < -1.6 && draws.chance(0.5)) place(oncoming, draws.between(8, 50), 'front');
  return placed;
}

/** Lamp posts, signs, traffic lights and fences on the pavements. */
function placeFurniture(canvas: Canvas, world: World, draws: Draws): Placed[] {
  const { roadCenter, roadHalf, pavement, facades } = world;
  const placed: Placed[] = [];
  for (const side of [-1, 1] as const) {
    const kerb = roadCenter + side * (roadHalf + 0.45);
    const height = draws.between(5.5, 8.5);
    if (draws.chance(0.8)) {
      for (let z = draws.between(5, 20); z < 90; z += draws.between(16, 24)) {
        placed.push({ z, draw: () => drawLampPost(canvas, world, kerb, z, side, height) });
      }
    }
    for (let i = draws.whole(0, 3); i > 0; i--) {
      const z = draws.between(6, 32);
      const x = kerb + side * draws.between(0, 0.5);
      const light = draws.chance(0.3);
      // Drawn later, in order of distance: what it looks like is decided by a generator of its own.
      const own = createDraws(createRandom(draws.whole(0, 1e9)));
      placed.push({
        z,
        draw: () => (light ? drawTrafficLight : drawSign)(canvas, world, x, z, own),
      });
    }
    if (draws.chance(0.4)) {
      const from = draws.between(3, 18);
      const to = from + draws.between(8, 24);
      const atKerb = draws.chance(0.35);
      const x = atKerb
        ? kerb - side * 0.2
        : facades[side < 0 ? 0 : 1] - side * Math.min(0.4, pavement * 0.1);
      const own = createDraws(createRandom(draws.whole(0, 1e9)));
      placed.push({ z: to, draw: () => drawFence(canvas, world, x, from, to, own) });
    }
  }
  return placed;
}

/** People on the pavements, some crossing, and cyclists by the kerb. */
function placePeople(canvas: Canvas, world: World, draws: Draws): Placed[] {
  const { roadCenter, roadHalf, pavement } = world;
  const placed: Placed[] = [];
  const place = (draw: typeof drawPedestrian, x: number, z: number): void => {
    const own = createDraws(createRandom(draws.whole(0, 1e9)));
    placed.push({ z, draw: () => draw(canvas, world, x, z, own) });
  };
  for (let i = draws.whole(0, 7); i > 0; i--) {
    const side = draws.chance(0.5) ? 1 : -1;
    const x = roadCenter + side * (roadHalf + draws.between(0.3, Math.max(0.5, pavement - 0.3)));
    place(drawPedestrian, x, draws.between(5, 34));
  }
  if (draws.chance(0.25))
    place(drawPedestrian, roadCenter + draws.between(-0.8, 0.8) * roadHalf, draws.between(9, 26));
  for (let i = draws.pick([0, 0, 1, 1, 2]); i > 0; i--) {
    const side = draws.chance(0.6) ? 1 : -1;
    place(
      drawCyclist,
      roadCenter + side * roadHalf * draws.between(0.55, 0.85),
      draws.between(6, 24),
    );
  }
  return placed;
}

/** Street trees on the pavements' edges, and gardens' trees behind. */
function placeTrees(canvas: Canvas, world: World, draws: Draws): Placed[] {
  const { roadCenter, roadHalf, facades } = world;
  const placed: Placed[] = [];
  for (const side of [-1, 1] as const) {
    if (!draws.chance(0.65)) continue;
    const edge = draws.chance(0.5)
      ? roadCenter + side * (roadHalf + 0.9)
      : facades[side < 0 ? 0 : 1] + side * 0.2;
    const spacing = draws.between(8, 20);
    for (let z = draws.between(7, 24); z < 85; z += spacing * draws.between(0.7, 1.3)) {
      const tree = planTree(edge, z, draws);
      placed.push({ z, draw: () => drawTree(canvas, world, tree) });
    }
  }
  return placed;
}
