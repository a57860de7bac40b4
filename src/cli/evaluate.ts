import { type Command, InvalidArgumentError, Option } from 'commander';
import { SPLITS, type Split } from '../data/dataset.js';
import { writeFileWhole } from '../data/files.js';
import { DATASET_NAMES, openDataset } from '../data/open-dataset.js';
import { evaluateDataset } from '../inference/evaluate-dataset.js';
import { findAttacker, findVictim } from '../inference/find-model.js';
import { DEFAULT_MODELS_FOLDER, type OpenedModel, openModels } from '../inference/open-model.js';
import { SegprobeError } from '../shared/errors.js';
import type { EvaluationResult } from '../shared/evaluation.js';
import { formatEvaluation } from './evaluation-table.js';
import { withInterrupt } from './interrupt.js';
import { integerBetween, positiveInteger } from './numbers.js';
import { printJson, printLine } from './output.js';
import { formatDuration, startProgress } from './progress.js';

interface EvaluateFlags {
  readonly victim?: string;
  readonly attacker?: string;
  readonly models: string;
  readonly dataset?: string;
  readonly datasetDir?: string;
  readonly split: Split;
  readonly limit?: number;
  readonly height?: number;
  readonly width?: number;
  readonly threads?: number;
  readonly out?: string;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  segprobe evaluate --dataset sample --limit 20
  segprobe evaluate --victim enet-camvid --attacker NAME --dataset camvid --dataset-dir ~/CamVid --json

The attacker's picture is rounded to 8 bits a channel, as in a picture file, before the victim sees it. PSNR (dB), SSIM (of
the luma, Wang et al. 2004) and L2 (colours in 0..1) are means over the images, L∞ is the greatest of all.`;

/** `segprobe evaluate` */
export function configureEvaluate(command: Command): void {
  command
    .option('--victim <name>', 'name of the victim (default: the first by name)')
    .option('--attacker <name>', 'name of the attacker (default: none, clean pictures only)')
    .option('--models <dir>', 'folder of the models', DEFAULT_MODELS_FOLDER)
    .addOption(
      new Option('--dataset <name>', "kind of data set (default: the victim's)").choices(
        DATASET_NAMES,
      ),
    )
    .option('--dataset-dir <dir>', 'folder of the data set')
    .addOption(
      new Option('--split <split>', 'which split to measure on').choices(SPLITS).default('val'),
    )
    .option('--limit <n>', 'take only the first n scenes of the split', positiveInteger)
    .option(
      '--height <pixels>',
      "height that scenes are scaled to, a multiple of 8 (default: the victim's)",
      side,
    )
    .option(
      '--width <pixels>',
      "width that scenes are scaled to, a multiple of 8 (default: the victim's)",
      side,
    )
    .option(
      '--threads <n>',
      'scenes to evaluate at once (default: one for every core)',
      integerBetween(1, 256),
    )
    .option('--out <file>', 'write the JSON object to a file too')
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: EvaluateFlags) => {
      const result = await evaluate(flags);
      if (flags.out !== undefined) {
        await writeFileWhole(flags.out, `${JSON.stringify(result, null, 2)}\n`);
      }
      if (flags.json) printJson(result);
      else printLine(formatEvaluation(result));
    });
}

async function evaluate(flags: EvaluateFlags): Promise<EvaluationResult> {
  const models = new Map((await openModels(flags.models)).map((model) => [model.name, model]));
  const victim = findVictim(models, flags.victim);
  const attacker = flags.attacker === undefined ? undefined : findAttacker(models, flags.attacker);
  const { split, limit, threads } = flags;
  const name = flags.dataset ?? datasetOf(victim);
  const dataset = await openDataset({ name, dir: flags.datasetDir, split });
  const total = Math.min(limit ?? Infinity, dataset.length);
  const progress = startProgress(`${victim.name} on ${dataset.name} ${split}`, total);
  const { inputSize } = victim.facts;
  const size = {
    height: flags.height ?? inputSize.height,
    width: flags.width ?? inputSize.width,
  };
  let started = 0;
  const showSpeed = (done: number): void => {
    if (done === 0) {
      started = performance.now();
      return;
    }
    const speed = (1000 * done) / (performance.now() - started);
    const left = formatDuration((total - done) / speed);
    progress.update(done, `, ${speed.toFixed(1)} images/s, ${left} left`);
  };
  try {
    return await withInterrupt(
      () => progress.log('stopping; Ctrl-C again ends at once'),
      (signal) => {
        progress.log(
          `${total} images of ${size.width}×${size.height}${attacker === undefined ? '' : `, before and after ${attacker.name}`}`,
        );
        return evaluateDataset(dataset, {
          victim,
          attacker,
          limit,
          size,
          threads,
          signal,
          onProgress: showSpeed,
        });
      },
    );
  } finally {
    progress.stop();
    await dataset.close();
  }
}

function datasetOf({ name, facts: { dataset } }: OpenedModel): string {
  if (DATASET_NAMES.includes(dataset)) return dataset;
  throw new SegprobeError(
    'USAGE',
    `expected --dataset, one of ${DATASET_NAMES.join(', ')}, got none; ${name} was trained on "${dataset}"`,
  );
}

/** A victim halves its input three times. */
function side(text: string): number {
  const pixels = positiveInteger(text);
  if (pixels % 8 === 0) return pixels;
  throw new InvalidArgumentError(`expected a multiple of 8, got ${text}`);
}
