import path from 'node:path';
import { type Command, Option } from 'commander';
import { writeFileWhole } from '../data/files.js';
import { findVictim } from '../inference/find-model.js';
import { createGate } from '../inference/gate.js';
import { DEFAULT_MODELS_FOLDER, openModels, type OpenedModel } from '../inference/open-model.js';
import { createInferencePool, type InferencePool } from '../inference/pool.js';
import { renderPng, summarize, type SegmentationSummary } from '../inference/render.js';
import { RENDERINGS } from '../inference/rendering.js';
import { segmentPicture, type SegmentedPicture } from '../inference/segment-picture.js';
import { withInterrupt } from './interrupt.js';
import { printJson, printLine, printMessage } from './output.js';
import { assertOwnStems, makeFolder, someOf, stemOf } from './picture-files.js';

const FORMATS = [...RENDERINGS, 'json'] as const;
type Format = (typeof FORMATS)[number];

interface SegmentFlags {
  readonly model?: string;
  readonly models: string;
  readonly out: string;
  readonly format: readonly Format[];
  readonly json?: boolean;
}

/** What became of one picture. */
interface Segmented extends SegmentationSummary {
  readonly image: string;
  readonly milliseconds: SegmentedPicture['milliseconds'];
  readonly files: readonly string[];
}

/** Classes named in the line of a picture. */
const CLASSES_SHOWN = 3;

/** `segprobe segment` */
export function configureSegment(command: Command): void {
  command
    .argument('<images...>', 'pictures: PNG, JPEG, WebP, AVIF or TIFF')
    .option('--model <name>', 'name of the victim (default: the first by name)')
    .option('--models <dir>', 'folder of the models', DEFAULT_MODELS_FOLDER)
    .option('--out <dir>', 'folder to write to', 'results')
    .addOption(
      new Option('--format <list>', `what to write: ${FORMATS.join(', ')}`)
        .argParser(someOf(FORMATS))
        .default(['mask', 'overlay'], 'mask,overlay'),
    )
    .option('--json', 'print the result as one JSON object')
    .action(async (images: string[], flags: SegmentFlags) => {
      assertOwnStems(images);
      const models = await openModels(flags.models);
      const victim = findVictim(new Map(models.map((model) => [model.name, model])), flags.model);
      await makeFolder(flags.out);
      const results = await withInterrupt(
        () => printMessage('stopping; once more ends at once'),
        (signal) => segmentAll(images, victim, flags, signal),
      );
      if (flags.json) printJson({ images: results });
      else results.forEach((result) => printLine(describe(result)));
    });
}

async function segmentAll(
  images: readonly string[],
  victim: OpenedModel,
  flags: SegmentFlags,
  signal: AbortSignal,
): Promise<Segmented[]> {
  const pool = createInferencePool({ models: [victim], maxQueue: images.length });
  // One more than there are workers: a picture is decoded while another is in its worker.
  const gate = createGate({ running: pool.workers + 1, waiting: images.length });
  const stop = new AbortController();
  const anySignal = AbortSignal.any([signal, stop.signal]);
  try {
    return await Promise.all(
      images.map((image) =>
        gate.run(() => segmentOne(pool, image, victim, flags, anySignal), anySignal),
      ),
    );
  } finally {
    // After a failure the others need not go on.
    stop.abort();
    await gate.idle();
    await pool.close();
  }
}

async function segmentOne(
  pool: InferencePool,
  image: string,
  { facts }: OpenedModel,
  { format, out }: SegmentFlags,
  signal: AbortSignal,
): Promise<Segmented> {
  const segmentation = await segmentPicture(pool, image, {
    renderings: format.filter((wanted) => wanted !== 'json'),
    signal,
  });
  const { milliseconds } = segmentation;
  const summary = summarize(segmentation, facts);
  const files: string[] = [];
  for (const wanted of format) {
    const ending = wanted === 'json' ? 'json' : `${wanted}.png`;
    const file = path.join(out, `${stemOf(image)}.${ending}`);
    const contents =
      wanted === 'json'
        ? `${JSON.stringify({ image, ...summary }, null, 2)}\n`
        : await renderPng(wanted, segmentation);
    await writeFileWhole(file, contents);
    files.push(file);
  }
  return { image, ...summary, milliseconds, files };
}

/** `street.png: 480×360, 41 % road, 22 % sky, 17 % tree → results/street.mask.png`. */
function describe({ image, width, height, classes, files }: Segmented): string {
  const shares = [...classes]
    .sort((a, b) => b.pixels - a.pixels)
    .filter(({ pixels }) => pixels > 0)
    .slice(0, CLASSES_SHOWN)
    .map(({ name, share }) => `${Math.round(100 * share)} % ${name}`);
  return `${image}: ${[`${width}×${height}`, ...shares].join(', ')} → ${files.join(', ')}`;
}
