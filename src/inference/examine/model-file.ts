import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { readFileWhole } from '../../data/files.js';
import { SegprobeError } from '../../shared/errors.js';
import { decodeModel, type ModelProto } from '../../shared/onnx/index.js';
import { listModelFiles } from '../open-model.js';

/** Anybody's ONNX file, read and decoded. */
export interface ModelFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly model: ModelProto;
}

/**
 * Reads an ONNX file, segprobe's or not.
 *
 * @param nameOrPath - a file, or the name of one in `folder` without its ending.
 * @throws SegprobeError `MODEL_NOT_FOUND` naming what `folder` has, or `MODEL_INVALID` for a file that is no ONNX.
 */
export async function readModelFile(nameOrPath: string, folder: string): Promise<ModelFile> {
  const file = await findModelFile(nameOrPath, folder);
  const bytes = await readFileWhole(file);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { path: file, bytes, sha256, model: decodeModel(bytes, file) };
}

async function findModelFile(nameOrPath: string, folder: string): Promise<string> {
  if (existsSync(nameOrPath)) return nameOrPath;
  const named = path.join(folder, `${nameOrPath}.onnx`);
  if (existsSync(named)) return named;
  const names = (await listModelFiles(folder)).map((name) => path.basename(name, '.onnx'));
  throw new SegprobeError(
    'MODEL_NOT_FOUND',
    `expected an ONNX file or the name of one in ${folder} (${names.join(', ') || 'none'}), got "${nameOrPath}"`,
  );
}
