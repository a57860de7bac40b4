import type { Rgb } from '../../shared/classes.js';
import type { Size } from '../dataset.js';
import { GRAIN, GRAIN_MASK, GRAIN_SHIFT } from './noise.js';

/** A point of the picture in pixels, x to the right, y down. */
export type Point = readonly [x: number, y: number];

/** What a shape is painted with. */
export interface Paint {
  readonly color: Rgb;
  /** The class number that its pixels get; absent where only the colour changes, as in a shadow. */
  readonly label?: number | undefined;
  /** How much the surface's grain changes each channel, 0 for smooth. */
  readonly grain?: number;
  /** How much of what lies beneath is hidden, 0..1. @defaultValue 1 */
  readonly opacity?: number;
}

/**
 * A picture and its label map that are painted together: whatever a pixel shows, its class is that of what was painted last.
 */
export class Canvas {
  readonly width: number;
  readonly height: number;
  readonly image: Uint8Array<ArrayBuffer>;
  readonly label: Uint8Array<ArrayBuffer>;

  constructor({ width, height }: Size) {
    this.width = width;
    this.height = height;
    this.image = new Uint8Array(3 * width * height);
    this.label = new Uint8Array(width * height);
  }

  /** Paints the pixels of row `y` whose centres lie in [from, to). */
  fillSpan(
    y: number,
    from: number,
    to: number,
    { color, label, grain = 0, opacity = 1 }: Paint,
  ): void {
    if (y < 0 || y >= this.height) return;
    const first = Math.max(0, Math.ceil(from - 0.5));
    const end = Math.min(this.width, Math.ceil(to - 0.5));
    const [red, green, blue] = color;
    const row = y * this.width;
    const grainRow = (y & GRAIN_MASK) << GRAIN_SHIFT;
    const { image } = this;
    for (let x = first; x < end; x++) {
      const shift = GRAIN[grainRow | (x & GRAIN_MASK)]! * grain;
      const at = 3 * (row + x);
      if (opacity === 1) {
        image[at] = clamp(red + shift);
        image[at + 1] = clamp(green + shift);
        image[at + 2] = clamp(blue + shift);
      } else {
        image[at] = clamp(image[at]! + (red + shift - image[at]!) * opacity);
        image[at + 1] = clamp(image[at + 1]! + (green + shift - image[at + 1]!) * opacity);
        image[at + 2] = clamp(image[at + 2]! + (blue + shift - image[at + 2]!) * opacity);
      }
    }
    if (label !== undefined && end > first) this.label.fill(label, row + first, row + end);
  }

  /** Fills a convex polygon. */
  fillPolygon(points: readonly Point[], paint: Paint): void {
    let [top, bottom] = [Infinity, -Infinity];
    for (const [, y] of points) {
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
    const first = Math.max(0, Math.ceil(top - 0.5));
    const last = Math.min(this.height - 1, Math.ceil(bottom - 0.5) - 1);
    for (let y = first; y <= last; y++) {
      const center = y + 0.5;
      let [left, right] = [Infinity, -Infinity];
      for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
        const [ax, ay] = points[i]!;
        const [bx, by] = points[j]!;
        if (ay <= center === by <= center) continue;
        const x = ax + ((bx - ax) * (center - ay)) / (by - ay);
        left = Math.min(left, x);
        right = Math.max(right, x);
      }
      if (right > left) this.fillSpan(y, left, right, paint);
    }
  }

  /** Fills the rectangle between two corners. */
  fillRect(left: number, top: number, right: number, bottom: number, paint: Paint): void {
    const first = Math.max(0, Math.ceil(top - 0.5));
    const end = Math.min(this.height, Math.ceil(bottom - 0.5));
    for (let y = first; y < end; y++) this.fillSpan(y, left, right, paint);
  }

  /** Fills an upright ellipse. */
  fillEllipse(cx: number, cy: number, rx: number, ry: number, paint: Paint): void {
    const first = Math.max(0, Math.ceil(cy - ry - 0.5));
    const end = Math.min(this.height, Math.ceil(cy + ry - 0.5));
    for (let y = first; y < end; y++) {
      const v = (y + 0.5 - cy) / ry;
      if (v * v >= 1) continue;
      const half = rx * Math.sqrt(1 - v * v);
      this.fillSpan(y, cx - half, cx + half, paint);
    }
  }

  /** Draws a line of some thickness. */
  strokeLine([ax, ay]: Point, [bx, by]: Point, thickness: number, paint: Paint): void {
    const [dx, dy] = [bx - ax, by - ay];
    const length = Math.sqrt(dx * dx + dy * dy);
    if (length === 0) return;
    const half = Math.max(thickness, 0.8) / 2;
    const [nx, ny] = [(-dy / length) * half, (dx / length) * half];
    const corners: Point[] = [
      [ax + nx, ay + ny],
      [bx + nx, by + ny],
      [bx - nx, by - ny],
      [ax - nx, ay - ny],
    ];
    this.fillPolygon(corners, paint);
  }
}

export function clamp(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/** Between two colours: `a` at 0, `b` at 1. */
export function mix(a: Rgb, b: Rgb, share: number): Rgb {
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share];
}

/** A colour made brighter or darker. */
export function scaled([red, green, blue]: Rgb, factor: number): Rgb {
  return [clamp(red * factor), clamp(green * factor), clamp(blue * factor)];
}
