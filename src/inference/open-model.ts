import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromFileError, readFileWhole } from '../data/files.js';
import { SegprobeError, isSegprobeError, messageOf } from '../shared/errors.js';
import { fromMetadataProps, parseManifest } from '../shared/manifest.js';
import type { Manifest, ModelFacts } from '../shared/manifest.js';
import { readModelMetadata } from '../shared/onnx/index.js';
import { findForm, findServingForm, FORM_NAMES, type ModelForm } from './model-forms.js';

/** A model file that has been checked: it is whole, and what its card says it is. */
export interface OpenedModel {
  /** What requests and flags call it. */
  readonly name: string;
  readonly path: string;
  /** The form of a victim that takes and gives bytes, which is faster; null where there is none. */
  readonly servingPath: string | null;
  /** The form that browsers run in WebAssembly; null where there is none. A victim's takes and gives bytes, too. */
  readonly webForm: ModelForm | null;
  /** From the manifest, or from the file's metadata_props where there is none. */
  readonly facts: ModelFacts;
  /** `null` where no `NAME.json` lies beside the file. */
  readonly manifest: Manifest | null;
  /** Of the file's bytes, in lower-case hex. */
  readonly sha256: string;
  readonly bytes: number;
}

/** Where exported models lie, and those that ship. */
export const DEFAULT_MODELS_FOLDER = fileURLToPath(new URL('../../models/onnx', import.meta.url));

const EXTENSION = '.onnx';
/** Endings of what is a form of another file, not a model of its own. */
const FORM_EXTENSIONS = FORM_NAMES.map((form) => `.${form}${EXTENSION}`);

/**
 * Reads and checks a model: an ONNX file with its manifest beside it (`NAME.onnx`, `NAME.json`), or without one if the
 * file's own metadata says enough.
 *
 * @throws SegprobeError `FILE_NOT_FOUND`, or `MODEL_INVALID` for a truncated file, one that is no ONNX, one whose
 *   sha256 is not its manifest's, and one that does not say what it is.
 */
export async function openModel(filePath: string): Promise<OpenedModel> {
  const bytes = await readFileWhole(filePath);
  const manifest = await readManifestOf(filePath);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (manifest !== null) assertSameFile(filePath, { bytes: bytes.length, sha256 }, manifest);
  const metadata = readModelMetadata(bytes, filePath);
  const facts = manifest ?? fromMetadataProps(metadata, filePath);
  return {
    name: manifest?.name ?? path.basename(filePath, EXTENSION),
    path: filePath,
    servingPath: facts.kind === 'victim' ? await findServingForm({ path: filePath, facts }) : null,
    webForm: await findForm({ path: filePath, facts }, 'web'),
    facts,
    manifest,
    sha256,
    bytes: bytes.length,
  };
}

/**
 * Opens every model in a folder, by name.
 *
 * @throws SegprobeError `MODEL_NOT_FOUND` for a folder without models, and as {@link openModel} for a broken one.
 */
export async function openModels(folder: string): Promise<OpenedModel[]> {
  const files = await listModelFiles(folder);
  if (files.length === 0) {
    throw new SegprobeError(
      'MODEL_NOT_FOUND',
      `${folder}: expected NAME.onnx files, got none (npx segprobe export --name NAME writes one)`,
    );
  }
  const models = await Promise.all(files.map((name) => openModel(path.join(folder, name))));
  const byName = new Map<string, OpenedModel>();
  for (const model of models) {
    const namesake = byName.get(model.name);
    if (namesake !== undefined) {
      throw new SegprobeError(
        'MODEL_INVALID',
        `${model.path}: expected a name of its own, got "${model.name}" as ${namesake.path}`,
      );
    }
    byName.set(model.name, model);
  }
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Lists a folder's models, their other forms left out.
 * @returns names of files in order; none where there is no such folder.
 */
export async function listModelFiles(folder: string): Promise<string[]> {
  return (await listFolder(folder))
    .filter(
      (name) =>
        name.endsWith(EXTENSION) && !FORM_EXTENSIONS.some((ending) => name.endsWith(ending)),
    )
    .sort();
}

async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const refusal = fromFileError(error, folder);
    if (isSegprobeError(refusal, 'FILE_NOT_FOUND')) return [];
    throw refusal;
  }
}

/** Reads the manifest beside a model file, `NAME.json`; null where there is none. */
export async function readManifestOf(modelPath: string): Promise<Manifest | null> {
  const filePath = `${modelPath.slice(0, -path.extname(modelPath).length)}.json`;
  let text: string;
  try {
    text = new TextDecoder().decode(await readFileWhole(filePath));
  } catch (error) {
    if (isSegprobeError(error, 'FILE_NOT_FOUND')) return null;
    throw error;
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new SegprobeError(
      'MODEL_INVALID',
      `${filePath}: expected JSON, got ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
  return parseManifest(json, filePath);
}

function assertSameFile(
  filePath: string,
  found: { readonly bytes: number; readonly sha256: string },
  { file }: Manifest,
): void {
  if (found.bytes !== file.bytes) {
    throw new SegprobeError(
      'MODEL_INVALID',
      `${filePath}: expected ${file.bytes} bytes as its manifest says, got ${found.bytes}` +
        (found.bytes < file.bytes ? ' (truncated?)' : ''),
    );
  }
  if (found.sha256 !== file.sha256) {
    throw new SegprobeError(
      'MODEL_INVALID',
      `${filePath}: expected sha256 ${file.sha256} as its manifest says, got ${found.sha256}`,
    );
  }
}
