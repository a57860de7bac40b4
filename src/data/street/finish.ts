import type { Canvas } from './canvas.js';
import { clamp } from './canvas.js';
import type { Draws } from './draws.js';
import { LABEL } from './labels.js';
import { GRAIN, GRAIN_MASK, GRAIN_SHIFT } from './noise.js';
import type { World } from './world.js';

/** The own car's bonnet at the lower edge: nothing that CamVid has a class for. */
export function drawBonnet(canvas: Canvas, world: World, draws: Draws): void {
  const { width, height } = world.size;
  const rise = height * draws.between(0.05, 0.11);
  const tone = draws.between(24, 90) * world.weather.light;
  const color = [tone, tone, tone * 1.06] as const;
  const center = width * draws.between(0.46, 0.54);
  canvas.fillEllipse(center, height + rise * 1.6, width * 0.62, rise * 2.6, {
    color,
    label: LABEL.unlabeled,
    grain: 3,
  });
  const shine = { color: [tone * 1.9, tone * 1.95, tone * 2.05] as const, opacity: 0.35, grain: 2 };
  canvas.fillEllipse(center, height + rise * 0.2, width * 0.3, rise * 0.55, shine);
}

/** Thin bright streaks of rain; they change colours alone. */
export function drawRain(canvas: Canvas, world: World, draws: Draws): void {
  const { width, height } = world.size;
  for (let i = 0; i < width / 3; i++) {
    const [x, y, length] = [
      draws.between(0, width),
      draws.between(-20, height),
      draws.between(0.02, 0.06) * height,
    ];
    canvas.strokeLine([x, y], [x + length * 0.12, y + length], 1, {
      color: [205, 210, 216],
      opacity: 0.22,
    });
  }
}

/** What the camera adds: exposure, a darker rim, and the sensor's noise, stronger in poor light. */
export function expose({ image, width, height }: Canvas, world: World, draws: Draws): void {
  const exposure = draws.between(0.92, 1.1);
  const vignette = draws.between(0.06, 0.22);
  const noise = draws.between(2, 4.5) / Math.sqrt(world.weather.light);
  const [shiftX, shiftY] = [draws.whole(0, GRAIN_MASK), draws.whole(0, GRAIN_MASK)];
  for (let y = 0, at = 0; y < height; y++) {
    const v = (2 * y) / height - 1;
    const row = ((y + shiftY) & GRAIN_MASK) << GRAIN_SHIFT;
    const tileX = shiftX + Math.imul(y >> GRAIN_SHIFT, 37);
    for (let x = 0; x < width; x++, at += 3) {
      const u = (2 * x) / width - 1;
      const gain = exposure * (1 - vignette * (u * u + v * v) * 0.5);
      const column = x + tileX + Math.imul(x >> GRAIN_SHIFT, 53);
      const luminance = GRAIN[row | (column & GRAIN_MASK)]! * noise;
      const tint = GRAIN[row | ((column + 61) & GRAIN_MASK)]! * noise * 0.5;
      image[at] = clamp(image[at]! * gain + luminance + tint);
      image[at + 1] = clamp(image[at + 1]! * gain + luminance);
      image[at + 2] = clamp(image[at + 2]! * gain + luminance - tint);
    }
  }
}
