import { createHash } from 'node:crypto';
import type { ClassTable } from '../../shared/classes.js';
import { isSegprobeError } from '../../shared/errors.js';
import { DEFAULT_MAX_PIXELS, decodePicture } from '../decode.js';
import type { Size } from '../dataset.js';
import { formatValue, NO_CLASS, toClassNumbers, type LabelCoding } from '../label-coding.js';
import { readLabelValues, type LabelValues } from '../label-values.js';
import type { ScenePair } from '../read-scene.js';
import { differenceHash } from './difference-hash.js';
import type { Fault, WrongValue } from './fault.js';
import { countValues } from './value-counts.js';

/** A fault, but for its split. */
export type SceneFault = Omit<Fault, 'split'>;

/** What a scene's files hold, as far as they can be read. */
export interface SceneReport {
  readonly faults: readonly SceneFault[];
  readonly picture?: PictureReport | undefined;
  readonly label?: LabelReport | undefined;
}

export interface PictureReport {
  /** Upright. */
  readonly size: Size;
  /** The same for the same pixels. */
  readonly digest: string;
  /** What it shows; undefined where that is nothing. */
  readonly hash: Uint32Array | undefined;
}

export interface LabelReport {
  readonly size: Size;
  /** The same for the same values. */
  readonly digest: string;
  /** Pixels by class number. */
  readonly pixelCounts: readonly number[];
}

const DIGEST_BYTES = 16;
const VALUES_NAMED = 5;

/**
 * Reads a scene whole, at the size in its files, and names everything that is wrong with it by itself.
 *
 * @param scene - `label` may be missing, where labels are kept back.
 * @throws only what is no fault of the files.
 */
export async function inspectScene(
  scene: Pick<ScenePair, 'picture'> & { readonly label?: string },
  classTable: ClassTable,
  codingOf: (label: string) => LabelCoding,
): Promise<SceneReport> {
  const [picture, label] = await Promise.all([
    inspectPicture(scene.picture),
    inspectLabel(scene.label, classTable, codingOf),
  ]);
  const sizeFaults = compareSizes(scene, picture.report?.size, label.report?.size);
  return {
    faults: [...picture.faults, ...label.faults, ...sizeFaults],
    picture: picture.report,
    label: label.report,
  };
}

interface Inspection<T> {
  readonly faults: readonly SceneFault[];
  readonly report?: T;
}

async function inspectPicture(file: string): Promise<Inspection<PictureReport>> {
  let picture;
  try {
    picture = await decodePicture(file);
  } catch (error) {
    return { faults: [toFault(error, 'picture-unreadable', file)] };
  }
  const { width, height, data } = picture;
  const hash = await differenceHash(data, picture);
  const size = { width, height };
  const message = `${file}: expected a picture of something, got one of next to one colour`;
  return {
    faults: hash === undefined ? [{ kind: 'blank-picture', file, message }] : [],
    report: { size, digest: digestOf(data, size), hash },
  };
}

async function inspectLabel(
  file: string | undefined,
  { classes, ignoreIndex }: ClassTable,
  codingOf: (label: string) => LabelCoding,
): Promise<Inspection<LabelReport>> {
  if (file === undefined) return { faults: [] };
  const coding = codingOf(file);
  let label;
  try {
    const { kind } = coding;
    label = await readLabelValues(file, { kind, what: file, maxPixels: DEFAULT_MAX_PIXELS });
  } catch (error) {
    return { faults: [toFault(error, 'label-unreadable', file)] };
  }
  const pixelCounts = new Array<number>(classes.length).fill(0);
  const wrong: WrongValue[] = [];
  for (const [value, { pixels, first }] of countValues(label)) {
    const classNumber = coding.classOf(value);
    if (classNumber !== NO_CLASS) pixelCounts[classNumber]! += pixels;
    else wrong.push({ value: formatValue(value, label.kind), pixels, ...placeOf(first, label) });
  }
  const { width, height, values } = label;
  const present = pixelCounts.flatMap((pixels, k) => (pixels > 0 ? [k] : []));
  const faults: SceneFault[] = [];
  if (wrong.length > 0) faults.push(wrongValuesFault(file, wrong, coding, values.length));
  else if (present.length === 1 && present[0] === ignoreIndex) {
    const message = `${file}: expected labelled pixels, got ${classes[ignoreIndex]!.name} alone`;
    faults.push({ kind: 'unlabelled-label', file, message });
  } else if (present.length === 1) {
    const message = `${file}: expected several classes, got ${classes[present[0]!]!.name} alone`;
    faults.push({ kind: 'constant-label', file, message });
  }
  const size = { width, height };
  const numbers = wrong.length > 0 ? values : toClassNumbers(label, coding, file);
  return { faults, report: { size, digest: digestOf(numbers, size), pixelCounts } };
}

function wrongValuesFault(
  file: string,
  wrong: WrongValue[],
  { expected }: LabelCoding,
  total: number,
): SceneFault {
  wrong.sort((a, b) => b.pixels - a.pixels);
  const named = wrong
    .slice(0, VALUES_NAMED)
    .map(({ value, pixels, x, y }) => `${value} in ${pixels} pixels from (${x}, ${y}) on`);
  if (wrong.length > VALUES_NAMED) named.push(`${wrong.length - VALUES_NAMED} values more`);
  const pixels = wrong.reduce((sum, one) => sum + one.pixels, 0);
  const message = `${file}: expected ${expected}, got ${named.join('; ')}; ${pixels} of ${total} pixels are no class`;
  return { kind: 'no-class', file, message, values: wrong };
}

function compareSizes(
  scene: { readonly picture: string; readonly label?: string },
  picture: Size | undefined,
  label: Size | undefined,
): SceneFault[] {
  if (scene.label === undefined || picture === undefined || label === undefined) return [];
  if (picture.width === label.width && picture.height === label.height) return [];
  const message =
    `${scene.label}: expected a label of ${picture.width}×${picture.height} like its picture ${scene.picture}, ` +
    `got ${label.width}×${label.height}`;
  return [{ kind: 'size-mismatch', file: scene.label, message, others: [scene.picture] }];
}

/** What reading refused, as a fault; what is no refusal is thrown on. */
function toFault(error: unknown, kind: SceneFault['kind'], file: string): SceneFault {
  if (!isSegprobeError(error)) throw error;
  return { kind, file, message: error.message };
}

function placeOf(index: number, { width }: LabelValues): { x: number; y: number } {
  return { x: index % width, y: Math.floor(index / width) };
}

function digestOf(values: Uint8Array | Uint16Array | Uint32Array, { width, height }: Size): string {
  const hash = createHash('sha256').update(`${width}×${height} `).update(values);
  return hash.digest().toString('base64', 0, DIGEST_BYTES);
}
