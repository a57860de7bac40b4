import type { ClassTable } from '../../shared/classes.js';
import type { Size, Split } from '../dataset.js';
import type { Fault } from './fault.js';
import type { SceneReport } from './inspect-scene.js';

/** What a split's pictures and labels hold in all. */
export interface SplitSummary {
  readonly split: Split;
  /** Scenes whose files are there. */
  readonly scenes: number;
  /** Sizes of pictures, the most common one first. */
  readonly sizes: readonly (Size & { readonly pictures: number })[];
  readonly classes: readonly ClassSummary[];
}

export interface ClassSummary {
  readonly name: string;
  readonly pixels: number;
  /** Of all pixels that are a class; null where there is none. */
  readonly share: number | null;
  /** Labels that it occurs in. */
  readonly labels: number;
}

/** Gathers what the scenes of a split hold. */
export interface Coverage {
  add(report: SceneReport, picture: string): void;
  summarize(): SplitSummary;
  /** The faults that no scene has by itself: classes that never occur, several sizes. */
  findFaults(where: string): Fault[];
}

export function createCoverage(split: Split, { classes, ignoreIndex }: ClassTable): Coverage {
  const pixels = new Float64Array(classes.length);
  const labels = new Float64Array(classes.length);
  const sizes = new Map<string, { size: Size; pictures: number; first: string }>();
  let scenes = 0;
  let readLabels = 0;
  const bySize = (): { size: Size; pictures: number; first: string }[] =>
    [...sizes.values()].sort((a, b) => b.pictures - a.pictures);

  return {
    add: ({ picture, label }, file) => {
      scenes++;
      if (label !== undefined) readLabels++;
      label?.pixelCounts.forEach((count, k) => {
        pixels[k]! += count;
        if (count > 0) labels[k]!++;
      });
      if (picture === undefined) return;
      const key = `${picture.size.width}×${picture.size.height}`;
      const known = sizes.get(key) ?? { size: picture.size, pictures: 0, first: file };
      known.pictures++;
      sizes.set(key, known);
    },
    summarize: () => {
      const total = pixels.reduce((sum, count) => sum + count, 0);
      return {
        split,
        scenes,
        sizes: bySize().map(({ size, pictures }) => ({ ...size, pictures })),
        classes: classes.map(({ name }, k) => ({
          name,
          pixels: pixels[k]!,
          share: total === 0 ? null : pixels[k]! / total,
          labels: labels[k]!,
        })),
      };
    },
    findFaults: (where) => {
      const faults: Fault[] = [];
      const absent = classes.filter((_, k) => k !== ignoreIndex && pixels[k] === 0);
      if (readLabels > 0 && absent.length > 0) {
        const names = absent.map(({ name }) => name).join(', ');
        const message = `${where}: expected every class in some label, got none with ${names}`;
        faults.push({ kind: 'absent-class', split, file: where, message });
      }
      const [most, ...others] = bySize();
      if (others.length > 0) {
        const rest = others.map(
          ({ size, pictures, first }) => `${pictures} of ${format(size)} (${first})`,
        );
        const message = `${where}: expected pictures of one size, got ${most!.pictures} of ${format(most!.size)} and ${rest.join(', ')}`;
        const firsts = others.map(({ first }) => first);
        faults.push({ kind: 'mixed-sizes', split, file: where, message, others: firsts });
      }
      return faults;
    },
  };
}

function format({ width, height }: Size): string {
  return `${width}×${height}`;
}
