import { mkdir, mkdtemp, open, rename, rm, unlink } from 'node:fs/promises';
import path from 'node:path';
import { fromFileError } from '../data/files.js';
import { FORM_NAMES, type FormName } from '../inference/model-forms.js';
import type { Manifest } from '../shared/manifest.js';

/** Other forms of a model that lie beside it, each as `NAME.FORM.onnx`. */
export type ModelForms = Readonly<Partial<Record<FormName, Uint8Array>>>;

/**
 * Writes `NAME.onnx`, its manifest `NAME.json` and its other forms, such as `NAME.serve.onnx`, over those that are there. All
 * are on the disk before any is put in its place, and the old manifest goes before the old file does: a crash leaves the old
 * ones, or a file without a manifest, which says itself what it is; never a file beside the manifest of another. A
 * form says which checkpoint it is of, and one of another counts for nothing. A crash may also leave a folder `.NAME.*`, which
 * nothing reads.
 *
 * @returns the path of `NAME.onnx`.
 * @throws SegprobeError `DISK_FULL` and others of the file system; the old two stay then.
 */
export async function writeModel(
  folder: string,
  manifest: Manifest,
  onnx: Uint8Array,
  forms: ModelForms = {},
): Promise<string> {
  const file = path.join(folder, manifest.file.name);
  const manifestFile = path.join(folder, `${manifest.name}.json`);
  const formFile = (form: string): string => path.join(folder, `${manifest.name}.${form}.onnx`);
  const beside = await naming(folder, async () => {
    await mkdir(folder, { recursive: true });
    return mkdtemp(path.join(folder, `.${manifest.name}.`));
  });
  const fresh = (name: string): string => path.join(beside, name);
  try {
    await naming(file, () => writeSynced(fresh('onnx'), onnx));
    for (const form of FORM_NAMES) {
      const bytes = forms[form];
      if (bytes !== undefined) await naming(formFile(form), () => writeSynced(fresh(form), bytes));
    }
    const text = `${JSON.stringify(manifest, null, 2)}\n`;
    await naming(manifestFile, () => writeSynced(fresh('json'), text));
    await naming(manifestFile, () => unlinkIfThere(manifestFile));
    await naming(file, () => rename(fresh('onnx'), file));
    for (const form of FORM_NAMES) {
      await naming(formFile(form), () =>
        forms[form] === undefined
          ? unlinkIfThere(formFile(form))
          : rename(fresh(form), formFile(form)),
      );
    }
    await naming(manifestFile, () => rename(fresh('json'), manifestFile));
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
  return file;
}

/** Writes a new file through to the disk. */
async function writeSynced(file: string, contents: Uint8Array | string): Promise<void> {
  const handle = await open(file, 'wx');
  try {
    await handle.writeFile(contents);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function unlinkIfThere(file: string): Promise<void> {
  try {
    await unlink(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Makes what the file system refuses an error about `file`. */
async function naming<T>(file: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw fromFileError(error, file);
  }
}
