import { decodeLabel } from '../data/decode-label.js';
import { decodePicture } from '../data/decode.js';
import { numbersByTable } from '../data/label-coding.js';
import { SegprobeError } from '../shared/errors.js';
import type { ModelFacts } from '../shared/manifest.js';
import type { Perturbation } from '../shared/perturbation.js';
import { type AttackMethod, strengthOf } from './attack-method.js';
import type { LabelComparison } from '../shared/compare-labels.js';
import { findVictim } from './find-model.js';
import type { InferencePool, Segmentation, TaskOptions } from './pool.js';
import { labelPngsOf, type Rendering } from './rendering.js';
import type { RgbPicture } from './resize-picture.js';
import { OVERLAY_OPACITY } from './segment-picture.js';

export interface AttackPictureOptions extends TaskOptions {
  /** A victim's name. @defaultValue the first by name */
  readonly model?: string | undefined;
  readonly method: AttackMethod;
  /** How much of the attacker's change is made, or how far up its range a control goes: 0 (nothing) to 1. */
  readonly strength: number;
  /** A PNG of class numbers of the picture's size, upright. */
  readonly label?: Uint8Array | undefined;
  /** What the victim's view of the attacked picture will be shown as. @defaultValue nothing */
  readonly renderings?: readonly Rendering[];
  /** Names the picture in messages. */
  readonly what?: string;
  /** Refuse more pixels than this before decoding. */
  readonly maxPixels?: number;
}

/** A picture before and after an attack. */
export interface AttackedPicture {
  readonly model: string;
  readonly method: string;
  readonly strength: number;
  /** The attacked picture, in the picture's own size. */
  readonly picture: RgbPicture;
  /** Of the whole picture in its own size, 8 bits a channel. */
  readonly perturbation: Perturbation;
  readonly before: Omit<Segmentation, 'milliseconds'>;
  /** What the victim says of {@link AttackedPicture.picture}, as of any picture. */
  readonly after: Omit<Segmentation, 'milliseconds'>;
  readonly comparison: LabelComparison;
  readonly milliseconds: Readonly<Record<'decode' | 'queue' | 'inference' | 'encode', number>>;
}

/** What controls draw from: the same picture gives the same answer. */
const CONTROL_SEED = 1;

/**
 * Decodes a picture, attacks it as the victim sees it, carries the change over to the picture in its own size, and compares what
 * the victim says of both. For a picture of the model's size the figures are those of `segprobe evaluate`.
 *
 * @param input - its bytes.
 * @throws SegprobeError as `decodePicture`, {@link InferencePool.segment} and `decodeLabel` do, and `SHAPE_MISMATCH` for a
 *   label of another size.
 */
export async function attackPicture(
  pool: InferencePool,
  input: Uint8Array,
  options: AttackPictureOptions,
): Promise<AttackedPicture> {
  const { method, strength, signal, lane, what, maxPixels, renderings = [] } = options;
  const { name: model, facts } = findVictim(pool.models, options.model);
  const decoding = { ...(what !== undefined && { what }), ...(maxPixels && { maxPixels }) };
  const start = performance.now();
  const [small, original] = await Promise.all([
    decodePicture(input, { ...decoding, size: facts.inputSize }),
    decodePicture(input, decoding),
  ]);
  const truth = options.label && (await readTruth(options.label, original, facts, options));
  const decode = performance.now() - start;

  const task = { signal, lane };
  const { milliseconds: first, ...before } = await pool.segment(model, small, {
    ...task,
    outputSize: original,
  });
  const by = await change(method, strength, small, () => pool.segment(model, small, task));
  const {
    perturbation,
    milliseconds: second,
    ...picture
  } = await pool.perturb(small, by, original, task);
  const { milliseconds: third, ...after } = await pool.segment(model, picture, {
    ...task,
    labelPngs: labelPngsOf(renderings),
    ...(renderings.includes('overlay') && { overlay: { picture, opacity: OVERLAY_OPACITY } }),
  });
  const comparison = await pool.compare(
    { before: before.labels, after: after.labels },
    { ...truthOf(facts, truth), classCount: facts.classes.length, ...task },
  );
  const sum = (part: 'queue' | 'inference'): number => first[part] + second[part] + third[part];
  return {
    model,
    method: method.name,
    strength,
    picture,
    perturbation,
    before,
    after,
    comparison,
    milliseconds: {
      decode,
      queue: sum('queue'),
      inference: sum('inference'),
      encode: third.encode,
    },
  };
}

async function change(
  method: AttackMethod,
  strength: number,
  picture: RgbPicture,
  segment: () => Promise<Pick<Segmentation, 'labels'>>,
): Promise<Parameters<InferencePool['perturb']>[1]> {
  if (method.kind === 'attacker') return { attacker: method.name, strength };
  if (method.kind === 'computed') {
    return { image: await method.compute(picture, (await segment()).labels) };
  }
  // The least of a range may still change a little.
  if (strength === 0) return { image: picture.data };
  const { control } = method;
  return { image: await control.apply(picture, strengthOf(control, strength), CONTROL_SEED) };
}

async function readTruth(
  bytes: Uint8Array,
  { height, width }: RgbPicture,
  { classes, ignoreIndex }: ModelFacts,
  { what = 'the picture', maxPixels }: AttackPictureOptions,
): Promise<Uint8Array> {
  const values = classes.map((_, k) => [k, k] as const);
  const ignored = ignoreIndex < classes.length ? [] : [[ignoreIndex, classes.length] as const];
  const expected = `class numbers 0..${classes.length - 1}${ignored.length > 0 ? ` and ${ignoreIndex}` : ''}`;
  const label = await decodeLabel(bytes, {
    coding: numbersByTable([...values, ...ignored], expected),
    what: `the label of ${what}`,
    ...(maxPixels && { maxPixels }),
  });
  if (label.height !== height || label.width !== width) {
    throw new SegprobeError(
      'SHAPE_MISMATCH',
      `expected a label of ${width}×${height}, as its picture is, got ${label.width}×${label.height}`,
    );
  }
  return label.data;
}

/** Labels hold the number behind the last class where the ignored number is none of the model's classes. */
function truthOf(
  { classes, ignoreIndex }: ModelFacts,
  truth: Uint8Array | undefined,
): { truth: Uint8Array | null; ignoreIndex: number } {
  return { truth: truth ?? null, ignoreIndex: Math.min(ignoreIndex, classes.length) };
}
