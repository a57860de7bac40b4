import type { ClassTable } from '../shared/classes.js';
import type { EvaluationResult } from '../shared/evaluation.js';
import type { Perturbation } from '../shared/perturbation.js';
import { barChart, type ChartColors, LIGHT, pictureGrid } from './charts/index.js';

/** A scene before and after an attack: pictures as PNG. */
export interface AttackedScene {
  /** Of its split and its file. */
  readonly name: string;
  readonly perturbation: Pick<Perturbation, 'psnrDb' | 'linf'>;
  readonly picture: Uint8Array;
  readonly label: Uint8Array;
  /** What the victim says of the picture. */
  readonly segmented: Uint8Array;
  readonly attacked: Uint8Array;
  /** The change around grey, amplified by the grid's gain. */
  readonly change: Uint8Array;
  /** What the victim says of the attacked picture. */
  readonly attackedSegmented: Uint8Array;
}

export interface AttackGrid {
  readonly victim: string;
  readonly attacker: string;
  readonly scenes: readonly AttackedScene[];
  readonly gain: number;
  /** Of the scenes, in pixels. */
  readonly size: { readonly height: number; readonly width: number };
  /** What the colours of label maps mean. */
  readonly classTable: ClassTable;
}

/** How wide pictures are drawn in the grid. */
const CELL_WIDTH = 240;

/** Draws scenes before and after an attack, a row each, as an SVG document. */
export function drawAttackGrid(grid: AttackGrid): string {
  const { victim, attacker, scenes, gain, size, classTable } = grid;
  return pictureGrid({
    title: `${victim} before and after ${attacker}`,
    columns: [
      'picture',
      'label',
      'segmentation',
      'attacked picture',
      `change ×${gain}`,
      'segmentation, attacked',
    ],
    legend: classTable.classes.map(({ name, color }) => ({ name, color: `rgb(${color.join()})` })),
    cell: { width: CELL_WIDTH, height: Math.round((CELL_WIDTH * size.height) / size.width) },
    rows: scenes.map((scene) => ({
      name: `${scene.name}: ${describe(scene.perturbation)}`,
      pictures: [
        scene.picture,
        scene.label,
        scene.segmented,
        scene.attacked,
        scene.change,
        scene.attackedSegmented,
      ],
    })),
  });
}

function describe({ psnrDb, linf }: AttackedScene['perturbation']): string {
  if (psnrDb === null) return 'unchanged';
  return `PSNR ${psnrDb.toFixed(1)} dB, L∞ ${Math.round(255 * linf)}/255`;
}

/** Draws every class's IoU before and after an attack, if there was one, and their mean, as an SVG document. */
export function drawClassIou(result: EvaluationResult, colors: ChartColors = LIGHT): string {
  const { victim, attacker, dataset, split, images, classes, miou, miouAttacked } = result;
  const isAttacked = attacker !== null;
  const of = (clean: number | null, attacked: number | null): (number | null)[] =>
    isAttacked ? [clean, attacked] : [clean];
  return barChart({
    title: `${victim}${isAttacked ? ` under ${attacker}` : ''}: ${dataset} ${split}, ${images} images`,
    y: { label: 'IoU', domain: [0, 1], format: (value) => `${Math.round(100 * value)} %` },
    series: isAttacked ? ['clean', 'attacked'] : ['clean'],
    figures: (value) => (100 * value).toFixed(1),
    groups: [
      ...classes
        .filter(({ pixels }) => pixels > 0)
        .map(({ name, iou, iouAttacked }) => ({ name, values: of(iou, iouAttacked) })),
      { name: 'mean', values: of(miou, miouAttacked), apart: true },
    ],
    colors,
  });
}
