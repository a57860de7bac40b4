import type { Rgb } from '../../shared/classes.js';
import type { Size } from '../dataset.js';
import { mix, type Point } from './canvas.js';
import type { Draws } from './draws.js';

/** How the scene is lit and seen through. */
export interface Weather {
  readonly kind: 'clear' | 'overcast' | 'rain' | 'fog' | 'dusk';
  readonly skyTop: Rgb;
  readonly skyHorizon: Rgb;
  /** Share of the sky that clouds cover, about. */
  readonly clouds: number;
  readonly cloudColor: Rgb;
  /** Brightness of everything that is lit by the sky. */
  readonly light: number;
  /** 0 under clouds … 1 in bright sun: how dark cast shadows are. */
  readonly sun: number;
  /** Side from which the sun shines, −1 left or 1 right: the facades of the other side are lit. */
  readonly sunSide: -1 | 1;
  /** Distance in metres at which half of the colour is that of the horizon. */
  readonly visibility: number;
  /** Factor of each channel, from the light's colour. */
  readonly tint: Rgb;
}

/** The street as a plan in metres: x to the right of the camera's path, y up, z ahead. */
export interface World {
  readonly size: Size;
  readonly weather: Weather;
  /** Half the width of the carriageway. */
  readonly roadHalf: number;
  /** Where the camera drives: x of the carriageway's middle. */
  readonly roadCenter: number;
  /** Width of each pavement. */
  readonly pavement: number;
  /** x of the facades, left (negative) and right. */
  readonly facades: readonly [left: number, right: number];
  /** Projects a point; z must be positive. */
  project(x: number, y: number, z: number): Point;
  /** Pixels that a metre takes at distance z. */
  pixelsPerMetre(z: number): number;
  /** Row of the horizon. */
  readonly horizon: number;
  /** From a pixel of the ground back to the plan. */
  groundAt(x: number, y: number): { x: number; z: number };
  /** A surface's colour as it arrives at the camera. */
  seen(color: Rgb, z: number, brightness?: number): Rgb;
}

export function createWeather(draws: Draws): Weather {
  const kind = draws.pick([
    'clear',
    'clear',
    'clear',
    'overcast',
    'overcast',
    'rain',
    'fog',
    'dusk',
  ] as const);
  const sunSide = draws.pick([-1, 1] as const);
  const common = { kind, sunSide };
  switch (kind) {
    case 'clear':
      return {
        ...common,
        skyTop: [112 + draws.between(0, 30), 148 + draws.between(0, 20), 196],
        skyHorizon: [190, 208, 226],
        clouds: draws.between(0.1, 0.6),
        cloudColor: [240, 242, 246],
        light: draws.between(0.92, 1.1),
        sun: draws.between(0.5, 1),
        visibility: draws.between(300, 700),
        tint: [1.03, 1, 0.95],
      };
    case 'overcast':
      return {
        ...common,
        skyTop: [172, 178, 186],
        skyHorizon: [214, 217, 220],
        clouds: 0.9,
        cloudColor: [196, 200, 206],
        light: draws.between(0.75, 0.92),
        sun: 0.1,
        visibility: draws.between(180, 400),
        tint: [0.98, 1, 1.02],
      };
    case 'rain':
      return {
        ...common,
        skyTop: [138, 145, 154],
        skyHorizon: [176, 182, 188],
        clouds: 0.95,
        cloudColor: [156, 162, 170],
        light: draws.between(0.6, 0.75),
        sun: 0,
        visibility: draws.between(90, 180),
        tint: [0.95, 0.99, 1.05],
      };
    case 'fog':
      return {
        ...common,
        skyTop: [200, 204, 207],
        skyHorizon: [208, 211, 213],
        clouds: 0,
        cloudColor: [208, 211, 213],
        light: draws.between(0.78, 0.9),
        sun: 0,
        visibility: draws.between(28, 60),
        tint: [0.99, 1, 1.01],
      };
    case 'dusk':
      return {
        ...common,
        skyTop: [74, 88, 128],
        skyHorizon: [222, 168, 128],
        clouds: draws.between(0.2, 0.6),
        cloudColor: [176, 132, 124],
        light: draws.between(0.42, 0.58),
        sun: 0.15,
        visibility: draws.between(150, 350),
        tint: [1.06, 0.97, 0.92],
      };
  }
}

/** Height of the camera above the road in metres. */
const CAMERA_HEIGHT = 1.35;

export function createWorld(size: Size, weather: Weather, draws: Draws): World {
  const { width, height } = size;
  const focal = width * draws.between(0.82, 1.05);
  const horizon = height * draws.between(0.42, 0.54);
  const vanishing = width * draws.between(0.42, 0.58);
  const curve = draws.chance(0.5) ? draws.between(-0.0022, 0.0022) : 0;
  const roadHalf = draws.between(3.3, 5.4);
  const pavement = draws.between(2, 4.2);
  const roadCenter = draws.between(-0.2, 0.45) * roadHalf;
  const facades: [number, number] = [
    roadCenter - roadHalf - pavement - draws.between(0, 2.5),
    roadCenter + roadHalf + pavement + draws.between(0, 2.5),
  ];
  const bend = (z: number): number => curve * z * z;
  const { skyHorizon, visibility, light, tint } = weather;
  return {
    size,
    weather,
    roadHalf,
    roadCenter,
    pavement,
    facades,
    horizon,
    project: (x, y, z) => [
      vanishing + (focal * (x + bend(z))) / z,
      horizon + (focal * (CAMERA_HEIGHT - y)) / z,
    ],
    pixelsPerMetre: (z) => focal / z,
    groundAt: (px, py) => {
      const z = (focal * CAMERA_HEIGHT) / (py - horizon);
      return { x: ((px - vanishing) * z) / focal - bend(z), z };
    },
    seen: (color, z, brightness = 1) => {
      const factor = light * brightness;
      const lit: Rgb = [
        color[0] * factor * tint[0],
        color[1] * factor * tint[1],
        color[2] * factor * tint[2],
      ];
      return mix(lit, skyHorizon, z / (z + visibility));
    },
  };
}
