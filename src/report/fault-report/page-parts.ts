import type { FindingPictures } from '../../inference/audit/draw-findings.js';
import type { ClassTable } from '../../shared/classes.js';

/** What the page shows beside the report's figures. */
export interface PageParts {
  readonly classTable: ClassTable;
  /** Of the first suspects, in their order, the same in neighbouring images once; the box of each is in the size that the victim saw. */
  readonly suspects: readonly {
    /** Its place in the report's list, from 0 on. */
    readonly rank: number;
    readonly alsoIn: readonly string[];
    readonly pictures: FindingPictures;
    readonly box: readonly [x0: number, y0: number, x1: number, y1: number];
  }[];
  /** Of the images whose mIoU falls most under attack. */
  readonly falls: readonly { readonly image: string; readonly pictures: FindingPictures }[];
  /** Of the objects that are lost first, attacked at the strength at which they are. */
  readonly lost: readonly {
    readonly image: string;
    readonly class: string;
    readonly box: readonly [x0: number, y0: number, x1: number, y1: number];
    readonly pixels: number;
    readonly strength: number;
    readonly pictures: FindingPictures;
  }[];
  /** The change that the attacker makes on every picture, amplified so many times, as PNG; null without one. */
  readonly commonChange: { readonly picture: Uint8Array; readonly gain: number } | null;
  /** The command that gives the report again, or that of one image. */
  readonly commandOf: (image?: string) => string;
  /** Name and version, date, SHA-256 of the models: how it was measured. */
  readonly facts: readonly (readonly [name: string, value: string])[];
}
