import {
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  rename,
  rm,
  rmdir,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { fromFileError } from '../../data/files.js';
import type { OpenedModel } from '../../inference/open-model.js';
import { createInferencePool } from '../../inference/pool.js';
import { isSegprobeError, SegprobeError } from '../../shared/errors.js';
import { type PageModels, toPageModel } from '../../shared/page-models.js';
import { checkAnswer } from './check-answer.js';
import { preparePage } from './page-folders.js';

/**
 * Writes the page as a folder of files that any web server can serve, from any path: it computes in the browser alone.
 *
 * @param folder - is made; it must not be there yet, or be empty.
 * @throws SegprobeError `USAGE` for a folder that holds something, and as `preparePage`.
 */
export async function exportPage(folder: string, models: readonly OpenedModel[]): Promise<void> {
  await assertEmpty(folder);
  const { page, runtime, runtimeVersion } = await preparePage();
  await mkdir(path.dirname(folder), { recursive: true });
  const half = await mkdtemp(`${folder}.half-`);
  try {
    await cp(page, half, { recursive: true });
    await cp(runtime, path.join(half, 'runtime', runtimeVersion), { recursive: true });
    await mkdir(path.join(half, 'onnx'));
    for (const { name, path: file, webForm } of models) {
      await copyFile(file, path.join(half, 'onnx', `${name}.onnx`));
      if (webForm) await copyFile(webForm.path, path.join(half, 'onnx', `${name}.web.onnx`));
    }
    const pool = createInferencePool({ models, workers: 1 });
    try {
      for (const model of models) {
        const answer = await checkAnswer(pool, model);
        await writeFile(path.join(half, 'onnx', `${model.name}.check.png`), answer);
      }
    } finally {
      await pool.close();
    }
    const listed: PageModels = { service: false, models: models.map(toPageModel) };
    await writeFile(path.join(half, 'models.json'), JSON.stringify(listed));
    await rmdir(folder).catch(() => undefined); // An empty one gives way.
    await rename(half, folder);
  } catch (error) {
    await rm(half, { recursive: true, force: true });
    throw fromFileError(error, folder);
  }
}

async function assertEmpty(folder: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    const refusal = fromFileError(error, folder);
    if (isSegprobeError(refusal, 'FILE_NOT_FOUND')) return;
    throw refusal;
  }
  if (names.length > 0) {
    throw new SegprobeError(
      'USAGE',
      `${folder}: expected a folder that is not there yet or is empty, got one with ${names.length} entries`,
    );
  }
}
