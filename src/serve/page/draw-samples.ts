import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { encodePicturePng } from '../../data/encode-picture.js';
import { sharp } from '../../data/sharp.js';
import { openSampleDataset } from '../../data/street/sample-dataset.js';

/** Of the drawn validation scenes, those that the page offers, in its order. */
const SCENES = [0, 9, 5, 1, 8, 7];
/** What models are tested on where they may compute otherwise, in a browser. */
export const CHECK_FILE = 'check.png';
const CHECK = { scene: 0, size: { height: 120, width: 160 } };
const THUMBNAIL = { width: 160, height: 120 };

/** Draws the page's scenes: `samples/N.webp` without loss, `N.thumb.webp`, and the class numbers as `N.label.png`. */
export async function drawSamples(folder: string): Promise<void> {
  const samples = path.join(folder, 'samples');
  await mkdir(samples, { recursive: true });
  const dataset = openSampleDataset({ split: 'val' });
  try {
    for (const [number, index] of SCENES.entries()) {
      const { height, width, image, label } = await dataset.read(index, dataset.defaultSize);
      const write = (name: string, bytes: Uint8Array): Promise<void> =>
        writeFile(path.join(samples, `${number}.${name}`), bytes);
      const picture = () => sharp(image, { raw: { height, width, channels: 3 } });
      await write('webp', await picture().webp({ lossless: true, effort: 4 }).toBuffer());
      const { width: across, height: down } = THUMBNAIL;
      await write(
        'thumb.webp',
        await picture().resize(across, down).webp({ quality: 82 }).toBuffer(),
      );
      const grey = sharp(label, { raw: { height, width, channels: 1 } }).toColourspace('b-w');
      await write('label.png', await grey.png({ compressionLevel: 9 }).toBuffer());
    }
    const check = await dataset.read(CHECK.scene, CHECK.size);
    await writeFile(
      path.join(samples, CHECK_FILE),
      await encodePicturePng({ ...CHECK.size, data: check.image }),
    );
  } finally {
    await dataset.close();
  }
}
