import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { sharp } from '../../src/data/sharp.js';
import { ZipFile } from 'yazl';
import { toPng } from './rgb-pictures.js';
import { createTinyDataset, TINY_NAMES } from './tiny-dataset.js';
import { TINY_FACTS } from './tiny-models.js';

/** A file by its path in a folder or an archive. */
export type TinyFile = readonly [name: string, bytes: Buffer];

/** The scenes of `createTinyDataset` as files, labels as class numbers; what is not labelled is 255. */
export async function tinyFiles(
  count: number,
  below: (kind: string) => string,
): Promise<TinyFile[]> {
  const dataset = createTinyDataset(count);
  const { width, height } = TINY_FACTS.inputSize;
  const files: TinyFile[] = [];
  for (let i = 0; i < count; i++) {
    const { image, label } = await dataset.read(i, TINY_FACTS.inputSize);
    const name = `tiny${String(i).padStart(4, '0')}.png`;
    files.push([`${below('images')}/${name}`, await toPng({ width, height, data: image })]);
    const numbers = label.map((k) => (TINY_NAMES[k] === 'unlabeled' ? 255 : k));
    const raw = { width, height, channels: 1 } as const;
    const png = await sharp(numbers, { raw }).toColourspace('b-w').png().toBuffer();
    files.push([`${below('labels')}/${name}`, png]);
  }
  return files;
}

/** The `classes.json` of the tiny victim's classes. */
export function tinyClasses(): TinyFile {
  const { classes, palette } = TINY_FACTS;
  const contents = classes.map((name, k) => ({ name, color: palette[k] }));
  return ['classes.json', Buffer.from(JSON.stringify(contents))];
}

/** Writes tiny scenes as the split val of a data set of the layout `folder`. */
export async function writeTinyFolder(folder: string, count: number): Promise<void> {
  const files = [...(await tinyFiles(count, (kind) => `${kind}/val`)), tinyClasses()];
  for (const [name, bytes] of files) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
}

/** Packs files into a zip. */
export async function zipOf(files: readonly TinyFile[]): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, bytes] of files) zip.addBuffer(bytes, name);
  zip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
