import { type Canvas, mix } from './canvas.js';
import { LABEL } from './labels.js';
import { cloudNoise } from './noise.js';
import type { World } from './world.js';

/** Clouds are drawn in blocks of this side and interpolated along rows. */
const BLOCK = 4;

/** Paints the sky down to a little below the horizon: a gradient with clouds that flatten towards the horizon. */
export function drawSky(canvas: Canvas, { weather, horizon, size }: World, seed: number): void {
  const bottom = Math.min(size.height, Math.ceil(horizon) + 2);
  const scale = 5 / size.width;
  for (let y = 0; y < bottom; y++) {
    const height = Math.max(0, 1 - y / horizon);
    const clear = mix(weather.skyHorizon, weather.skyTop, height);
    // Clouds lie in a plane: the nearer to the horizon, the smaller they look.
    const distance = 1 / (0.25 + height);
    for (let x = 0; x < size.width; x += BLOCK) {
      const noise = cloudNoise((x - size.width / 2) * scale * distance, 6 * distance, seed);
      const cover = Math.min(1, Math.max(0, (noise - (1 - weather.clouds) * 0.75) * 4));
      const shade = weather.clouds > 0 ? cover * 0.85 : 0;
      const color = mix(clear, weather.cloudColor, shade);
      canvas.fillSpan(y, x, x + BLOCK, { color, label: LABEL.sky });
    }
  }
}
