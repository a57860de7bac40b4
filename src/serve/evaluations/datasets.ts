import type { Dataset, Split } from '../../data/dataset.js';
import { findLayout, openDataset } from '../../data/open-dataset.js';
import { openLayout } from '../../data/layout.js';
import { DEFAULT_LENGTHS } from '../../data/street/sample-dataset.js';
import { CAMVID, classNames } from '../../shared/classes.js';
import { SegprobeError, isSegprobeError } from '../../shared/errors.js';
import type { Config } from '../config/schema.js';

/** Where the data sets lie that evaluations may name, and how, by their names. */
export type ConfiguredDatasets = Config['datasets'];

/** A data set as `GET /datasets` tells of it. */
export interface DatasetCard {
  readonly name: string;
  readonly layout: string;
  readonly splits: readonly { readonly split: Split; readonly scenes: number }[];
  readonly classes: readonly string[];
}

/** The data sets that the service knows. */
export interface Datasets {
  readonly cards: readonly DatasetCard[];
  /**
   * Opens one split. The caller closes it.
   * @throws SegprobeError `DATASET_NOT_FOUND` for a name that is not configured, and as `openDataset`.
   */
  open(name: string, split: Split): Promise<Dataset>;
  /** A message of an error without the folders that it names: they are no client's business. */
  withoutFolders(message: string): string;
}

/** The data set that is always there. */
const SAMPLE = 'sample';

/**
 * Looks the configured data sets up, and adds the sample street scenes.
 * @throws SegprobeError what is wrong with a folder.
 */
export async function findDatasets(configured: ConfiguredDatasets): Promise<Datasets> {
  const cards: DatasetCard[] = [sampleCard()];
  for (const [name, { layout, dir }] of Object.entries(configured)) {
    cards.push({ name, layout, ...(await readSplits(layout, dir)) });
  }
  return {
    cards,
    async open(name, split) {
      if (name === SAMPLE) return openDataset({ name, split });
      const found = Object.hasOwn(configured, name) ? configured[name] : undefined;
      if (found === undefined) {
        const names = cards.map((card) => card.name).join(', ');
        throw new SegprobeError(
          'DATASET_NOT_FOUND',
          `expected the name of a data set (${names}), got ${JSON.stringify(name).slice(0, 100)}`,
        );
      }
      const dataset = await openDataset({ name: found.layout, dir: found.dir, split });
      return { ...dataset, name };
    },
    withoutFolders: (message) =>
      Object.entries(configured).reduce(
        (text, [name, { dir }]) => text.replaceAll(dir, name),
        message,
      ),
  };
}

function sampleCard(): DatasetCard {
  const splits = Object.entries(DEFAULT_LENGTHS) as [Split, number][];
  return {
    name: SAMPLE,
    layout: SAMPLE,
    splits: splits.map(([split, scenes]) => ({ split, scenes })),
    classes: classNames(CAMVID),
  };
}

async function readSplits(
  kind: string,
  dir: string,
): Promise<Pick<DatasetCard, 'splits' | 'classes'>> {
  const layout = await findLayout({ name: kind, dir });
  const splits: { split: Split; scenes: number }[] = [];
  let refusal: unknown;
  for (const split of await layout.findSplits()) {
    try {
      splits.push({ split, scenes: (await openLayout(layout, split)).length });
    } catch (error) {
      // A split without labels, or with faults, is of no use here; the others are.
      if (!isSegprobeError(error)) throw error;
      refusal ??= error;
    }
  }
  if (splits.length === 0) throw refusal;
  return { splits, classes: classNames(layout.classTable) };
}
