import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { classNames } from '../shared/classes.js';
import { countClassPixels } from './class-pixels.js';
import { classWeights, withoutIgnored, type WeighingScheme } from './class-weighing.js';
import type { Dataset, Size } from './dataset.js';
import { fromFileError, writeFileWhole } from './files.js';

export interface LoadClassWeightsOptions {
  readonly dataset: Dataset;
  /** The size that the labels are used at. */
  readonly size: Size;
  readonly scheme: WeighingScheme;
  /** The folder of the cached weights, made if it is missing. */
  readonly cacheDir: string;
  /** Where the data set lies: two folders with the same scenes keep their own weights. */
  readonly datasetDir?: string | undefined;
  /** Count anew even where cached weights fit. @defaultValue false */
  readonly reload?: boolean | undefined;
  /** Keep the weight of the ignored class, rather than 0. @defaultValue false */
  readonly withUnlabeled?: boolean | undefined;
  /** Told after each scene that is counted; not at all where cached weights fit. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

const CacheSchema = z.object({
  fingerprint: z.string(),
  weights: z.array(z.number().nonnegative()),
});

/**
 * Gives the weights of a split's classes, counting its pixels only where no cached weights fit: same data set, split,
 * size, scheme, folder, classes and scenes by name. Labels that change under the same names go unnoticed: `reload`.
 *
 * @returns a weight a class; the ignored class's is 0 unless `withUnlabeled`. `none` is neither counted nor cached.
 * @throws SegprobeError as `dataset.read`, or where the cache cannot be written. A broken cache is counted anew.
 */
export async function loadClassWeights(options: LoadClassWeightsOptions): Promise<number[]> {
  const { dataset, withUnlabeled = false } = options;
  const weights = await loadAllWeights(options);
  return withUnlabeled ? weights : withoutIgnored(weights, dataset.classTable.ignoreIndex);
}

async function loadAllWeights(options: LoadClassWeightsOptions): Promise<number[]> {
  const { dataset, size, scheme, cacheDir, reload = false } = options;
  const { classes } = dataset.classTable;
  if (scheme === 'none') return classes.map(() => 1);

  const key = [dataset.name, dataset.split, `${size.width}x${size.height}`, scheme].join('-');
  const cacheFile = path.join(cacheDir, `class-weights-${key}.json`);
  const fingerprint = fingerprintOf(options);
  const cached = reload ? undefined : await readCache(cacheFile);
  if (cached?.fingerprint === fingerprint && cached.weights.length === classes.length) {
    return cached.weights;
  }
  const pixels = await countClassPixels(dataset, size, options.onProgress);
  const weights = classWeights(scheme, pixels);
  const contents = { fingerprint, classes: classNames(dataset.classTable), weights, ...pixels };
  try {
    await mkdir(cacheDir, { recursive: true });
  } catch (error) {
    throw fromFileError(error, cacheDir);
  }
  await writeFileWhole(cacheFile, `${JSON.stringify(contents, null, 2)}\n`);
  return weights;
}

function fingerprintOf({ dataset, datasetDir }: LoadClassWeightsOptions): string {
  const scenes = Array.from({ length: dataset.length }, (_, i) => dataset.nameOf(i));
  const dir = datasetDir === undefined ? null : path.resolve(datasetDir);
  const facts = [dir, classNames(dataset.classTable), dataset.length, scenes];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
}

/** The cached weights, or undefined where there are none to be read. */
async function readCache(cacheFile: string): Promise<z.infer<typeof CacheSchema> | undefined> {
  try {
    return CacheSchema.parse(JSON.parse(await readFile(cacheFile, 'utf8')));
  } catch {
    return undefined;
  }
}
