import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Dataset, type Size, SPLITS, type Split } from '../data/dataset.js';
import { writeFileWhole } from '../data/files.js';
import { DATASET_NAMES, openDataset } from '../data/open-dataset.js';
import { evaluateDataset, type EvaluateDatasetOptions } from '../inference/evaluate-dataset.js';
import { findAttacker, findVictim } from '../inference/find-model.js';
import { DEFAULT_MODELS_FOLDER, openModels } from '../inference/open-model.js';
import { SegprobeError } from '../shared/errors.js';
import { ATTACKS } from '../train/attacks/index.js';
import { measureMatched } from '../inference/matched-controls.js';
import {
  addAttackFlags,
  type AttackFlags,
  epsilons,
  METHOD_NAMES,
  refuseAttackFlags,
} from './attack-flags.js';
import { datasetOf } from './dataset-of.js';
import { formatEvaluation, formatMatched } from './evaluation-table.js';
import { withInterrupt } from './interrupt.js';
import { integerBetween, positiveInteger } from './numbers.js';
import { printJson, printLine } from './output.js';
import { type Progress, showSpeed, startProgress } from './progress.js';
import { drawCurve, formatCurve, measureCurve, writeCurve } from './security-curve.js';

interface EvaluateFlags extends AttackFlags {
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
  readonly attack?: readonly string[];
  readonly epsilon?: readonly number[];
  readonly batchSize: number;
  readonly chart?: string;
  readonly matched?: boolean;
}

const EXAMPLES = `
Examples:
  segprobe evaluate --dataset sample --limit 20
  segprobe evaluate --victim enet-camvid --attacker mal-camvid-linf8 --dataset-dir ~/CamVid --matched
  segprobe evaluate --victim enet-camvid --attack pgd,fgsm --epsilon 2/255,8/255 --dataset-dir ~/CamVid --chart curve

The attacker's picture is rounded to 8 bits a channel, as in a picture file, before the victim sees it. PSNR (dB), SSIM (of
the luma, Wang et al. 2004) and L2 (colours in 0..1) are means over the images, L∞ is the greatest of all.
Attacks by gradients follow those of the checkpoint that the victim was exported from, on TensorFlow; what they did is measured
on the ONNX file. They stay within their budget as pictures of 8 bits, which L∞ budgets are rounded down for.`;

/** Of a security curve, unless told otherwise. */
const DEFAULT_EPSILONS = [1, 2, 4, 8].map((steps) => steps / 255);

/** `segprobe evaluate` */
export function configureEvaluate(command: Command): void {
  addAttackFlags(command)
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
    .option(
      '--attack <list>',
      `draw the security curve of these attacks: ${METHOD_NAMES.filter((name) => name in ATTACKS).join(', ')}; noise of the same norm goes beside them`,
      (text) => text.split(',').map((name) => name.trim()),
    )
    .option('--epsilon <budgets>', 'their budgets (default: 1/255,2/255,4/255,8/255)', epsilons)
    .option('-b, --batch-size <n>', 'scenes that an attack takes at once', positiveInteger, 4)
    .option('--chart <file>', 'draw the security curve: FILE.svg and FILE.png')
    .option(
      '--matched',
      'with --attacker: also the controls at equal PSNR, picture by picture, and noise of equal L∞',
    )
    .option('--out <file>', 'write the JSON object to a file too')
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: EvaluateFlags, command: Command) => {
      assertModes(flags, command);
      const { json, text } = await evaluate(flags);
      if (flags.out !== undefined) {
        await writeFileWhole(flags.out, `${JSON.stringify(json, null, 2)}\n`);
      }
      if (flags.json) printJson(json);
      else printLine(text);
    });
}

/** What is measured: as JSON, and for a person. */
interface Outcome {
  readonly json: object;
  readonly text: string;
}

async function evaluate(flags: EvaluateFlags): Promise<Outcome> {
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
  const onProgress = showSpeed(progress, total);
  try {
    return await withInterrupt(
      () => progress.log('stopping; Ctrl-C again ends at once'),
      async (signal) => {
        progress.log(
          `${total} images of ${size.width}×${size.height}${attacker === undefined ? '' : `, before and after ${attacker.name}`}`,
        );
        const options = { victim, limit, size, threads, signal, onProgress };
        if (flags.attack !== undefined) return drawSecurityCurve(flags, dataset, options, progress);
        const result = await evaluateDataset(dataset, { ...options, attacker });
        if (!flags.matched) return { json: result, text: formatEvaluation(result) };
        const matched = await measureMatched(dataset, result, { ...options, seed: flags.seed });
        return { json: { ...result, matched }, text: formatMatched(result, matched) };
      },
    );
  } finally {
    progress.stop();
    await dataset.close();
  }
}

async function drawSecurityCurve(
  flags: EvaluateFlags,
  dataset: Dataset,
  options: EvaluateDatasetOptions & { readonly size: Size; readonly signal: AbortSignal },
  progress: Progress,
): Promise<Outcome> {
  const { attack = [], epsilon = DEFAULT_EPSILONS, norm, goal, chart } = flags;
  const curve = await measureCurve(
    { ...flags, attack, epsilon },
    { ...options, dataset, tell: (line) => progress.log(line) },
  );
  if (chart !== undefined) {
    const files = await writeCurve(chart, drawCurve(curve, norm));
    progress.log(`chart: ${files.join(', ')}`);
  }
  return { json: { norm, goal, ...curve }, text: formatCurve(curve) };
}

function assertModes(flags: EvaluateFlags, command: Command): void {
  const { attack, attacker, matched, chart } = flags;
  const refuse = (message: string): never => {
    throw new SegprobeError('USAGE', message);
  };
  if (attack !== undefined && attacker !== undefined) {
    refuse('expected --attack or --attacker, got both: an attacker has a budget of its own');
  }
  if (matched && attacker === undefined) {
    refuse('--matched: expected --attacker beside it, got none');
  }
  if (attack !== undefined) return;
  refuseAttackFlags(command, '--attack');
  if (chart !== undefined) refuse('--chart: expected --attack beside it, got none');
}

/** A victim halves its input three times. */
function side(text: string): number {
  const pixels = positiveInteger(text);
  if (pixels % 8 === 0) return pixels;
  throw new InvalidArgumentError(`expected a multiple of 8, got ${text}`);
}
