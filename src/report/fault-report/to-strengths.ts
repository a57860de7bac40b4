import type { StrengthSweep } from '../../inference/audit/strength-sweep.js';
import { percentileInterval } from '../../shared/poisson-bootstrap.js';
import { COCO_SIZES, type FaultReport } from './fault-report.js';

/** Sums up what shares of the attacker's change do to classes and objects. */
export function toStrengths(
  { images, points, objects }: StrengthSweep,
  names: readonly string[],
): FaultReport['strengths'] {
  const late = (strength: number | null): number => strength ?? Infinity;
  const sizeOf = (pixels: number): string =>
    COCO_SIZES.findLast(({ fromPixels }) => pixels >= fromPixels)!.size;
  return {
    images,
    points: points.map(({ strength, linf, psnrDb, miou, bootstrap }) => ({
      ...{ strength, linf, psnrDb, miou },
      miouInterval: percentileInterval(bootstrap),
    })),
    objects: objects
      .map(({ image, number, labelBox, pixels, lostAtStrength }) => ({
        ...{ image, class: names[number]!, box: labelBox, pixels, lostAtStrength },
      }))
      .sort((a, b) => late(a.lostAtStrength) - late(b.lostAtStrength) || b.pixels - a.pixels),
    objectsByClass: names.flatMap((name, k) => {
      const own = objects.filter(({ number }) => number === k);
      if (own.length === 0) return [];
      const sizes = COCO_SIZES.map(({ size }) => {
        const strengths = own
          .filter(({ pixels }) => sizeOf(pixels) === size)
          .map(({ lostAtStrength }) => late(lostAtStrength))
          .sort((a, b) => a - b);
        const median = strengths[(strengths.length - 1) >> 1] ?? Infinity;
        const lost = strengths.filter((strength) => strength < Infinity).length;
        return {
          ...{ size, objects: strengths.length },
          lostAtStrength: median === Infinity ? null : median,
          lost: strengths.length === 0 ? null : lost / strengths.length,
        };
      });
      return [{ name, sizes }];
    }),
  };
}
