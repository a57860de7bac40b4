import { z } from 'zod';
import type { ClassTable } from './classes.js';
import { SegprobeError } from './errors.js';

/** Class numbers live in a byte. */
const MAX_CLASSES = 256;
/** A victim halves its input three times. */
const SIZE_STEP = 8;

const channel = z.int().min(0).max(255);
const side = z.int().min(SIZE_STEP).multipleOf(SIZE_STEP);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits');
const share = z.number().min(0).max(1);

/** What weights may be stored as. */
export const PRECISIONS = ['float32', 'float16'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** What every model file says of itself, in its metadata_props as in its manifest. */
export const modelFactsShape = {
  kind: z.enum(['victim', 'attacker']),
  /** Names in order: class number `i` is channel `i` of the logits. */
  classes: z.array(z.string().min(1)).min(1).max(MAX_CLASSES),
  /** A colour [red, green, blue] for every class, each channel 0..255. */
  palette: z.array(z.tuple([channel, channel, channel])),
  /** The class number that labels use for "not labelled"; it need not be a class of the model. */
  ignoreIndex: channel,
  dataset: z.string().min(1),
  /** The size that the model was trained at, multiples of 8; pictures of other sizes are resized to it. */
  inputSize: z.looseObject({ height: side, width: side }),
  checkpointSha256: sha256,
};

const measurement = z.looseObject({
  split: z.string().min(1),
  images: z.int().min(0),
  miou: share.nullable(),
  pixelAccuracy: share.nullable(),
  classes: z.array(z.looseObject({ name: z.string(), iou: share.nullable() })),
});

const manifestShape = {
  ...modelFactsShape,
  name: z.string().min(1),
  file: z.looseObject({ name: z.string().min(1), sha256, bytes: z.int().min(1) }),
  opset: z.int().min(1),
  /** What the weights are stored as; absent in files of before, where it is float32. */
  precision: z.enum(PRECISIONS).optional(),
  /** Epochs, seconds, configuration: whatever a reader needs to repeat the training. */
  training: z.record(z.string(), z.unknown()),
  measured: z.array(measurement),
  /** What the model is known to fail at, a sentence each; absent where nobody looked. */
  knownFailures: z.array(z.string()).optional(),
  /** What the model may be used for, and where its data comes from. */
  license: z.string(),
  segprobeVersion: z.string().min(1),
  createdAt: z.iso.datetime({ offset: true }),
};

const factsSchema = z.object(modelFactsShape).superRefine(checkPalette);
const manifestSchema = z.looseObject(manifestShape).superRefine(checkPalette);

/** What every model file says of itself. */
export type ModelFacts = z.infer<typeof factsSchema>;

/** `models/onnx/NAME.json`: a model's card, beside `NAME.onnx`. Further keys are kept. */
export type Manifest = z.infer<typeof manifestSchema>;

/** The facts' keys in metadata_props, and whether the value is JSON or plain text. */
const METADATA_KEYS = {
  kind: { key: 'segprobe.kind', json: false },
  classes: { key: 'segprobe.classes', json: true },
  palette: { key: 'segprobe.palette', json: true },
  ignoreIndex: { key: 'segprobe.ignore', json: true },
  dataset: { key: 'segprobe.dataset', json: false },
  inputSize: { key: 'segprobe.input_size', json: true },
  checkpointSha256: { key: 'segprobe.checkpoint_sha256', json: false },
} as const satisfies Record<keyof ModelFacts, { readonly key: string; readonly json: boolean }>;

/**
 * Checks a manifest.
 *
 * @param json - the parsed JSON.
 * @param what - names the file in messages.
 * @throws SegprobeError `MODEL_INVALID` naming the first key that is wrong.
 */
export function parseManifest(json: unknown, what: string): Manifest {
  return parse(manifestSchema, json, what, (path) => path.join('.'));
}

/**
 * Writes a model's facts as the metadata_props of its file: `segprobe.kind`, `segprobe.classes` (JSON list of names),
 * `segprobe.palette` (JSON list of [r, g, b]), `segprobe.ignore`, `segprobe.dataset`,
 * `segprobe.input_size` (JSON {height, width}) and `segprobe.checkpoint_sha256`.
 */
export function toMetadataProps(facts: ModelFacts): Record<string, string> {
  const entries = Object.entries(METADATA_KEYS) as [
    keyof ModelFacts,
    { key: string; json: boolean },
  ][];
  return Object.fromEntries(
    entries.map(([fact, { key, json }]) => [
      key,
      json ? JSON.stringify(facts[fact]) : (facts[fact] as string),
    ]),
  );
}

/**
 * Reads a model's facts out of the metadata_props of its file.
 *
 * @param what - names the file in messages.
 * @throws SegprobeError `MODEL_INVALID` naming the first key that is missing or wrong.
 */
export function fromMetadataProps(
  props: Readonly<Record<string, string>>,
  what: string,
): ModelFacts {
  const facts = Object.entries(METADATA_KEYS).map(([fact, { key, json }]) => {
    const text = props[key];
    return [fact, json && text !== undefined ? fromJson(text) : text];
  });
  return parse(
    factsSchema,
    Object.fromEntries(facts),
    `${what}: metadata_props`,
    ([fact, ...rest]) => [METADATA_KEYS[fact as keyof ModelFacts].key, ...rest].join('.'),
  );
}

/** The model's classes as the table that metrics and pictures use. */
export function classTableOf(facts: ModelFacts): ClassTable {
  return {
    classes: facts.classes.map((name, i) => ({ name, color: facts.palette[i]! })),
    ignoreIndex: facts.ignoreIndex,
  };
}

function checkPalette(
  { classes, palette }: { readonly classes: unknown[]; readonly palette: unknown[] },
  context: z.RefinementCtx,
): void {
  if (palette.length !== classes.length) {
    context.addIssue({
      code: 'custom',
      path: ['palette'],
      message: `expected a colour for each of the ${classes.length} classes, got ${palette.length}`,
    });
  }
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function parse<T>(
  schema: z.ZodType<T>,
  value: unknown,
  what: string,
  nameOf: (path: PropertyKey[]) => string,
): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  const place = path.length === 0 ? '' : `${nameOf(path)}: `;
  throw new SegprobeError('MODEL_INVALID', `${what}: ${place}${message}`, { cause: result.error });
}
