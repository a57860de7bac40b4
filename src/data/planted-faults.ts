import { componentIds, connectedComponents } from '../shared/connected-components.js';
import { createRandom, shuffledIndices } from '../shared/random.js';
import type { Dataset, Scene } from './dataset.js';

/** How labels are damaged, as Lad and Mueller 2023 (arXiv:2307.05080) do. */
export const PLANTED_KINDS = ['drop', 'swap', 'shift'] as const;
export type PlantedKind = (typeof PLANTED_KINDS)[number];

export interface PlantOptions {
  /** Of the scenes, 0..1. */
  readonly share: number;
  readonly seed: number;
  /** Objects of fewer pixels are left alone, and those of more than a fifth of the picture. @defaultValue 300 */
  readonly leastPixels?: number;
}

/** A data set some of whose labels are damaged. */
export interface DamagedDataset extends Dataset {
  /** What is done to scene `index`; undefined for most. */
  readonly planted: (index: number) => PlantedKind | undefined;
}

const LARGEST_SHARE = 0.2;

/**
 * Shows a data set with faults in the labels of some scenes, one object each, by seed: `drop` gives it the class around it, `swap` another class, `shift`
 * moves it by a quarter of its box, 8 pixels at least. A scene without an object of the right size stays whole.
 *
 * @returns a view that is closed with `dataset`.
 */
export function plantFaults(dataset: Dataset, options: PlantOptions): DamagedDataset {
  const order = shuffledIndices(dataset.length, createRandom(options.seed, 0));
  const chosen = order.slice(0, Math.round(options.share * dataset.length));
  const kinds = new Map(
    chosen.map((index, i) => [index, PLANTED_KINDS[i % PLANTED_KINDS.length]!]),
  );
  return {
    ...dataset,
    nameOf: (index) => dataset.nameOf(index),
    close: () => dataset.close(),
    planted: (index) => kinds.get(index),
    read: async (index, size) => {
      const scene = await dataset.read(index, size);
      const kind = kinds.get(index);
      if (kind === undefined) return scene;
      const random = createRandom(options.seed, 1, index);
      return { ...scene, label: damage(scene, kind, dataset, random, options.leastPixels ?? 300) };
    },
  };
}

function damage(
  { label, height, width }: Scene,
  kind: PlantedKind,
  { classTable }: Dataset,
  random: () => number,
  leastPixels: number,
): Uint8Array {
  const { classes, ignoreIndex } = classTable;
  const found = connectedComponents(label, { height, width }, ignoreIndex);
  const ids = componentIds(found, { height, width });
  const { components } = found;
  const fitting = components.flatMap(({ pixels }, id) =>
    pixels >= leastPixels && pixels <= LARGEST_SHARE * label.length ? [id] : [],
  );
  if (fitting.length === 0) return label;
  const id = fitting[Math.floor(random() * fitting.length)]!;
  const { value, box } = components[id]!;
  const damaged = Uint8Array.from(label);
  const around = classAround(label, ids, id, width, ignoreIndex, classes.length);
  const paint = (number: number): void =>
    ids.forEach((own, i) => {
      if (own === id) damaged[i] = number;
    });
  if (kind === 'swap') {
    const others = classes.map((_, k) => k).filter((k) => k !== value && k !== ignoreIndex);
    paint(others[Math.floor(random() * others.length)]!);
    return damaged;
  }
  paint(around);
  if (kind === 'drop') return damaged;
  const by = (length: number): number =>
    (random() < 0.5 ? -1 : 1) * Math.max(8, Math.round(length / 4));
  const [dx, dy] = [by(box[2] - box[0]), by(box[3] - box[1])];
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] !== id) continue;
    const [x, y] = [(i % width) + dx, Math.floor(i / width) + dy];
    if (x >= 0 && x < width && y >= 0 && y < height) damaged[y * width + x] = value;
  }
  return damaged;
}

/** The class that most neighbours of a component have. */
function classAround(
  label: Uint8Array,
  ids: Int32Array,
  id: number,
  width: number,
  ignoreIndex: number,
  classCount: number,
): number {
  const counts = new Array<number>(classCount).fill(0);
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] !== id) continue;
    for (const other of [i - 1, i + 1, i - width, i + width]) {
      const near = label[other];
      if (near !== undefined && ids[other] !== id && near !== ignoreIndex) counts[near]!++;
    }
  }
  const most = Math.max(...counts);
  return most === 0 ? ignoreIndex : counts.indexOf(most);
}
