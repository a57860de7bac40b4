import path from 'node:path';
import { type Command, Option } from 'commander';
import pMap from 'p-map';
import { readFileWhole, writeFileWhole } from '../data/files.js';
import { CONTROLS } from '../data/controls/index.js';
import { encodePicturePng } from '../data/encode-picture.js';
import { type AttackMethod, findMethod } from '../inference/attack-method.js';
import { attackPicture } from '../inference/attack-picture.js';
import { type AttackSummary, summarizeAttack } from '../shared/attack-summary.js';
import { findVictim } from '../inference/find-model.js';
import { DEFAULT_MODELS_FOLDER, openModels, type OpenedModel } from '../inference/open-model.js';
import { createInferencePool, type InferencePool } from '../inference/pool.js';
import { renderPng } from '../inference/render.js';
import { RENDERINGS } from '../inference/rendering.js';
import { SegprobeError } from '../shared/errors.js';
import { ATTACKS } from '../train/attacks/index.js';
import {
  addAttackFlags,
  type AttackFlags,
  METHOD_NAMES,
  openGradientVictim,
  refuseAttackFlags,
  share,
} from './attack-flags.js';
import { withInterrupt } from './interrupt.js';
import { fraction } from './numbers.js';
import { printJson, printLine, printMessage } from './output.js';
import { assertOwnStems, makeFolder, someOf, stemOf } from './picture-files.js';
import { formatPercent } from './scores.js';

const FORMATS = ['attacked', ...RENDERINGS, 'json'] as const;
type Format = (typeof FORMATS)[number];

interface PictureFlags extends AttackFlags {
  readonly model?: string;
  readonly models: string;
  readonly method?: string;
  readonly epsilon?: number;
  readonly strength: number;
  readonly labels?: string;
  readonly out: string;
  readonly format: readonly Format[];
  readonly json?: boolean;
}

/** What became of one picture, as `--json` prints it. */
interface Outcome extends AttackSummary {
  readonly image: string;
  readonly files: readonly string[];
}

const DEFAULT_EPSILON = 8 / 255;

/** `segprobe attack` */
export function configureAttack(command: Command): void {
  addAttackFlags(command)
    .argument('<images...>', 'pictures: PNG, JPEG, WebP, AVIF or TIFF')
    .option('--model <name>', 'name of the victim (default: the first by name)')
    .option('--models <dir>', 'folder of the models', DEFAULT_MODELS_FOLDER)
    .option(
      '--method <name>',
      `an ONNX attacker, or ${METHOD_NAMES.join(', ')} (default: the first attacker by name)`,
    )
    .option(
      '--epsilon <budget>',
      'budget of noise and of attacks by gradients (default of these: 8/255)',
      fraction,
    )
    .addOption(
      new Option('--strength <share>', "share of an attacker's change, or of a control's range")
        .argParser(share)
        .default(1),
    )
    .option(
      '--labels <dir>',
      'folder of the right labels, NAME.png of class numbers: gives the IoU',
    )
    .option('--out <dir>', 'folder to write to', 'results')
    .addOption(
      new Option('--format <list>', `what to write: ${FORMATS.join(', ')}`)
        .argParser(someOf(FORMATS))
        .default(['attacked', 'overlay'], 'attacked,overlay'),
    )
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(async (images: string[], flags: PictureFlags, own: Command) => {
      assertMode(flags, own);
      assertOwnStems(images);
      const results = await withInterrupt(
        () => printMessage('stopping; once more ends at once'),
        (signal) => attackAll(images, flags, signal),
      );
      if (flags.json) printJson({ images: results });
      else results.forEach((result) => printLine(describe(result)));
    });
}

const EXAMPLES = `
Attacks by gradients (${Object.keys(ATTACKS).join(', ')}) lead the victim away from what it says of the clean picture, by
the gradients of the checkpoint that it was exported from, on TensorFlow; attackers and controls need ONNX Runtime alone. The
attack is made at the victim's size and carried over to the picture in its own. attacked is the picture itself; mask, overlay and
labels show what the victim says of it.

Examples:
  segprobe attack street.jpg --method mal-camvid-linf8
  segprobe attack street.jpg --method pgd --epsilon 4/255 --steps 40 --format attacked,mask,json
  segprobe attack street.jpg --method cospgd --goal vanish:pedestrian`;

/** A budget and a strength are two ways to say how much; flags of gradients want an attack by them. */
function assertMode({ method, epsilon }: PictureFlags, command: Command): void {
  const isByGradients = method !== undefined && Object.hasOwn(ATTACKS, method);
  const hasStrength = command.getOptionValueSource('strength') === 'cli';
  if (hasStrength && (isByGradients || epsilon !== undefined)) {
    throw new SegprobeError(
      'USAGE',
      '--strength: expected an attacker or a control without --epsilon, got a budget, which says how much already',
    );
  }
  if (isByGradients) return;
  refuseAttackFlags(command, `--method ${Object.keys(ATTACKS).join('|')}`, ['epsilon']);
}

async function attackAll(
  images: readonly string[],
  flags: PictureFlags,
  signal: AbortSignal,
): Promise<Outcome[]> {
  const models = new Map((await openModels(flags.models)).map((model) => [model.name, model]));
  const victim = findVictim(models, flags.model);
  const { method, strength, dispose } = await toMethod(models, victim, flags, signal);
  await makeFolder(flags.out);
  const used = [victim, ...(method.kind === 'attacker' ? [models.get(method.name)!] : [])];
  const pool = createInferencePool({ models: used, maxQueue: 8 * images.length });
  try {
    // One more than there are workers: a picture is decoded while another is in its worker.
    const concurrency = method.kind === 'computed' ? 1 : pool.workers + 1;
    const task = { ...flags, strength };
    return await pMap(images, (image) => attackOne(pool, image, victim, method, task, signal), {
      concurrency,
      signal,
    });
  } catch (error) {
    if (signal.aborted) throw new SegprobeError('CANCELLED', 'cancelled', { cause: error });
    throw error;
  } finally {
    dispose();
    await pool.close();
  }
}

async function toMethod(
  models: ReadonlyMap<string, OpenedModel>,
  victim: OpenedModel,
  flags: PictureFlags,
  signal: AbortSignal,
): Promise<{ method: AttackMethod; strength: number; dispose: () => void }> {
  const name = flags.method;
  if (name === undefined || !Object.hasOwn(ATTACKS, name)) {
    return { ...toPlainMethod(models, flags), dispose: () => undefined };
  }
  const gradients = await openGradientVictim(victim, flags);
  const { epsilon = DEFAULT_EPSILON } = flags;
  const size = victim.facts.inputSize;
  const attack = gradients.attack(name, { epsilon, size, batchSizes: [1] });
  return {
    method: {
      kind: 'computed',
      name,
      compute: async ({ data, height, width }, label) => {
        const scene = { name, height, width, image: data, label };
        const [attacked] = await attack.attack([scene], signal);
        return new Uint8Array(attacked!);
      },
    },
    strength: 1,
    dispose: () => attack.dispose(),
  };
}

/** An attacker or a control. Of these noise alone has a budget to choose. */
function toPlainMethod(
  models: ReadonlyMap<string, OpenedModel>,
  { method: name, epsilon, strength }: PictureFlags,
): { method: AttackMethod; strength: number } {
  const method = findMethod(models, name);
  if (epsilon === undefined) return { method, strength };
  if (method.kind !== 'control' || method.control !== CONTROLS['noise']) {
    throw new SegprobeError(
      'USAGE',
      `--epsilon: expected noise or an attack by gradients (${Object.keys(ATTACKS).join(', ')}), got ${method.name}; --strength weakens it`,
    );
  }
  const [least, greatest] = method.control.range;
  return { method, strength: Math.min(1, (255 * epsilon - least) / (greatest - least)) };
}

async function attackOne(
  pool: InferencePool,
  image: string,
  { name: model, facts }: OpenedModel,
  method: AttackMethod,
  { strength, format, out, labels }: PictureFlags,
  signal: AbortSignal,
): Promise<Outcome> {
  const attacked = await attackPicture(pool, await readFileWhole(image), {
    ...{ model, method, strength, signal },
    renderings: RENDERINGS.filter((wanted) => format.includes(wanted)),
    what: image,
    ...(labels !== undefined && {
      label: await readFileWhole(path.join(labels, `${stemOf(image)}.png`)),
    }),
  });
  const files: string[] = [];
  const outcome: Outcome = { image, ...summarizeAttack(attacked, facts), files };
  for (const wanted of format) {
    const ending = wanted === 'json' ? 'json' : `${wanted}.png`;
    const file = path.join(out, `${stemOf(image)}.${ending}`);
    files.push(file);
    if (wanted === 'json') await writeFileWhole(file, `${JSON.stringify(outcome, null, 2)}\n`);
    else if (wanted === 'attacked') {
      await writeFileWhole(file, await encodePicturePng(attacked.picture));
    } else await writeFileWhole(file, await renderPng(wanted, attacked.after));
  }
  return outcome;
}

/** `street.png: 87.2 % of pixels change class, PSNR 32.1 dB, L∞ 8/255 → results/street.attacked.png`. */
function describe(outcome: Outcome): string {
  const { image, method, flippedShare, psnrDb, linf, miou, miouAttacked, files } = outcome;
  const figures = [
    `${formatPercent(flippedShare)} of pixels change class`,
    ...(miou === null ? [] : [`mIoU ${formatPercent(miou)} → ${formatPercent(miouAttacked)}`]),
    psnrDb === null ? 'the picture as it was' : `PSNR ${psnrDb.toFixed(1)} dB`,
    `L∞ ${Math.round(255 * linf)}/255`,
  ];
  return `${image}, ${method}: ${figures.join(', ')} → ${files.join(', ')}`;
}
