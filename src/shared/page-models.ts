import { SegprobeError } from './errors.js';
import type { Manifest, ModelFacts } from './manifest.js';

/** A file that the page can fetch. */
export interface PageFile {
  /** In lower-case hex. */
  readonly sha256: string;
  readonly bytes: number;
  /** Relative to the page; it changes with the file, so that a copy may be kept for ever. */
  readonly url: string;
}

/** A model that the page can fetch. */
export interface PageModel {
  readonly name: string;
  readonly facts: ModelFacts;
  /** On the last split of its manifest; null where nothing was measured. */
  readonly measured: PageMeasurement | null;
  readonly file: PageFile;
  /** The form that is fastest in WebAssembly; null where there is none. A victim's takes and gives bytes. */
  readonly web: PageFile | null;
}

/** What a manifest says of how good a model is; null what it does not say. */
export interface PageMeasurement {
  readonly split: string;
  readonly miou: number | null;
  /** Of an attacker: what it leaves of its victim. */
  readonly miouAttacked: number | null;
  /** Of an attacker: the greatest change of a value, 0..1. */
  readonly linf: number | null;
}

/** `models.json`: what lies beside the page. */
export interface PageModels {
  /** Whether a service stands behind the page, which can compute as well. */
  readonly service: boolean;
  /** Victims and attackers by name. */
  readonly models: readonly PageModel[];
}

/** What lies in the folder of models. */
interface ListedModel extends Omit<PageFile, 'url'> {
  readonly name: string;
  readonly facts: ModelFacts;
  readonly manifest: Manifest | null;
  readonly webForm: Omit<PageFile, 'url'> | null;
}

/** Lists a model for the page. Of a manifest only the facts and its last measurement are taken. */
export function toPageModel({ name, facts, manifest, webForm, ...file }: ListedModel): PageModel {
  const { kind, classes, palette, ignoreIndex, dataset, inputSize, checkpointSha256 } = facts;
  return {
    name,
    facts: { kind, classes, palette, ignoreIndex, dataset, inputSize, checkpointSha256 },
    measured: measuredOf(manifest),
    file: toPageFile(`${name}.onnx`, file),
    web: webForm && toPageFile(`${name}.web.onnx`, webForm),
  };
}

function toPageFile(name: string, { sha256, bytes }: Omit<PageFile, 'url'>): PageFile {
  return { sha256, bytes, url: `onnx/${encodeURIComponent(name)}?sha256=${sha256.slice(0, 16)}` };
}

function measuredOf(manifest: Manifest | null): PageMeasurement | null {
  const last = manifest?.measured.at(-1);
  if (last === undefined) return null;
  const number = (key: string): number | null => {
    const value = last[key];
    return typeof value === 'number' ? value : null;
  };
  return {
    split: last.split,
    miou: last.miou,
    miouAttacked: number('miouAttacked'),
    linf: number('linf'),
  };
}

/**
 * Checks `models.json`.
 * @throws SegprobeError `FILE_INVALID` for anything that is no list of models.
 */
export function parsePageModels(json: unknown): PageModels {
  const found = json as Partial<PageModels> | null;
  if (typeof found !== 'object' || !Array.isArray(found?.models)) {
    throw new SegprobeError(
      'FILE_INVALID',
      `models.json: expected {"service", "models"}, got ${JSON.stringify(json)?.slice(0, 80)}`,
    );
  }
  return { service: found.service === true, models: found.models as PageModel[] };
}
