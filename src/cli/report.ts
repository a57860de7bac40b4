import path from 'node:path';
import { type Command, Option } from 'commander';
import { checkDataset } from '../data/check/check-dataset.js';
import type { Fault } from '../data/check/fault.js';
import { type Dataset, SPLITS, type Split } from '../data/dataset.js';
import { writeFileWhole } from '../data/files.js';
import { DATASET_NAMES, findLayout, LAYOUT_NAMES, openDataset } from '../data/open-dataset.js';
import { findAttacker, findVictim } from '../inference/find-model.js';
import { DEFAULT_MODELS_FOLDER, type OpenedModel, openModels } from '../inference/open-model.js';
import {
  createFaultReport,
  type FaultReportOptions,
} from '../report/fault-report/create-fault-report.js';
import type { FaultReport } from '../report/fault-report/fault-report.js';
import type { ReportSource } from '../report/fault-report/reproduce.js';
import { SegprobeError } from '../shared/errors.js';
import { flagOf } from '../train/config.js';
import { datasetOf } from './dataset-of.js';
import { withInterrupt } from './interrupt.js';
import { integer, integerBetween, positiveInteger } from './numbers.js';
import { printJson, printLine, printMessage } from './output.js';
import { makeFolder } from './picture-files.js';
import { showSpeed, startProgress, type Progress } from './progress.js';
import { formatCount, formatPercent, formatTable } from './scores.js';
import { trainFolds } from './train-folds.js';

interface ReportFlags {
  readonly victim?: string;
  readonly attacker?: string;
  readonly models: string;
  readonly dataset?: string;
  readonly datasetDir?: string;
  readonly split: Split;
  readonly limit?: number;
  readonly image?: string;
  readonly folds?: number;
  readonly saveDir: string;
  readonly epochs?: number;
  readonly findings: number;
  readonly strengthImages: number;
  readonly transferImages: number;
  readonly check: boolean;
  readonly threads?: number;
  readonly out: string;
  readonly json?: boolean;
}

const NOTES = `
Writes OUT/report.html, one page that needs nothing else, and OUT/report.json.

The labels are judged by the victim's own probabilities, so it should not have learned from them: report on val or test, or on train
with --folds. That trains one victim for each part of the train split on all the others, with the options of the checkpoint
save/VICTIM, and judges each part by the one that has not seen it. Parts are runs of neighbours by name, cut where videos
end. Each training takes as long as the victim's own did: Ctrl-C saves, and the same command goes on.

Examples:
  segprobe report --victim enet-camvid --attacker mal-camvid-linf8 --dataset-dir ~/CamVid --out report
  segprobe report --dataset sample --limit 50
  segprobe report --victim enet-camvid --dataset-dir ~/CamVid --folds 3 --out train
  segprobe report --victim enet-camvid --dataset-dir ~/CamVid --image 0016E5_07961 --out one`;

/** `segprobe report` */
export function configureReport(command: Command): void {
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
      new Option('--split <split>', 'which split to report on (with --folds: train)')
        .choices(SPLITS)
        .default('val'),
    )
    .option('--limit <n>', 'take only the first n scenes of the split', positiveInteger)
    .option('--image <name>', 'report on this scene alone')
    .option(
      '--folds <k>',
      'cross-validation: judge each of k parts of the train split by a victim trained on the others, in OUT/folds',
      positiveInteger,
    )
    .option('--save-dir <dir>', 'with --folds: folder of the checkpoint of the victim', 'save')
    .option('--epochs <n>', "with --folds: in place of the checkpoint's", positiveInteger)
    .option('--findings <n>', 'suspects that are drawn', integer, 20)
    .option(
      '--strength-images <n>',
      'images that shares of the attack are tried on; 0 for none',
      integer,
      24,
    )
    .option(
      '--transfer-images <n>',
      'with --attacker: images that every attacker is tried on every victim of these classes on; 0 for none',
      integer,
      24,
    )
    .option('--no-check', 'do not look for faults of the files, as segprobe data check does')
    .option(
      '--threads <n>',
      'scenes to look at at once (default: one for every core)',
      integerBetween(1, 256),
    )
    .option('--out <dir>', 'folder to write to', 'report')
    .option('--json', 'print the report as one JSON object')
    .addHelpText('after', NOTES)
    .action(async (given: ReportFlags, command: Command) => {
      const flags = withFolds(given, command);
      const { found, files } = await report(flags);
      if (flags.json) printJson(found);
      else printLine(`${formatReport(found)}\n${files.join(', ')}`);
    });
}

async function report(
  flags: ReportFlags,
): Promise<{ readonly found: FaultReport; readonly files: readonly string[] }> {
  const models = new Map((await openModels(flags.models)).map((model) => [model.name, model]));
  const victim = findVictim(models, flags.victim);
  const attacker = flags.attacker === undefined ? undefined : findAttacker(models, flags.attacker);
  const name = flags.dataset ?? datasetOf(victim);
  const dataset = await openDataset({ name, dir: flags.datasetDir, split: flags.split });
  let progress: Progress | undefined;
  try {
    const order = orderOf(dataset, flags);
    await makeFolder(flags.out);
    return await withInterrupt(
      () => printMessage('stopping; Ctrl-C again ends at once'),
      async (signal) => {
        const { threads } = flags;
        const ofFolds = await trainVictims(flags, { victim, name, dataset, signal });
        const bar = startProgress(
          `${ofFolds.victim.name} on ${dataset.name} ${dataset.split}`,
          order.length,
        );
        progress = bar;
        const { report: found, html } = await createFaultReport(dataset, {
          ...{ ...ofFolds, attacker, threads, signal, order },
          ...{ findings: flags.findings, strengthImages: flags.strengthImages },
          ...{ models: models.values(), transferImages: flags.transferImages },
          source: sourceOf(flags, { victim: victim.name, dataset: name }),
          fileFaults: flags.check ? await findFileFaults(name, flags, signal) : null,
          onProgress: showSpeed(bar, order.length),
          tell: (line) => bar.log(line),
        });
        const page = path.join(flags.out, 'report.html');
        const json = path.join(flags.out, 'report.json');
        await writeFileWhole(page, html);
        await writeFileWhole(json, `${JSON.stringify(found, null, 2)}\n`);
        return { found, files: [page, json] };
      },
    );
  } finally {
    progress?.stop();
    await dataset.close();
  }
}

function orderOf(dataset: Dataset, { image, limit, split }: ReportFlags): number[] {
  const all = Array.from({ length: dataset.length }, (_, i) => i);
  if (image === undefined) return all.slice(0, limit);
  const named = all.filter((i) => dataset.nameOf(i) === image);
  if (named.length > 0) return named;
  throw new SegprobeError(
    'USAGE',
    `--image: expected the name of a scene of ${dataset.name} ${split}, such as ${dataset.nameOf(0)}, got ${image}`,
  );
}

/** The flags, with the split that cross-validation is on. */
function withFolds(flags: ReportFlags, command: Command): ReportFlags {
  const refuse = (message: string): never => {
    throw new SegprobeError('USAGE', message);
  };
  const isGiven = (name: string): boolean => command.getOptionValueSource(name) === 'cli';
  if (flags.folds === undefined) {
    for (const name of ['epochs', 'saveDir'] as const) {
      if (isGiven(name)) refuse(`${flagOf(name)}: expected --folds beside it, got none`);
    }
    return flags;
  }
  for (const name of ['attacker', 'image'] as const) {
    if (isGiven(name)) refuse(`--${name}: expected --folds or --${name}, got both`);
  }
  if (isGiven('split') && flags.split !== 'train') {
    refuse(`--split: expected train with --folds, got ${flags.split}`);
  }
  return { ...flags, split: 'train' };
}

/** The victim; with `--folds` those of the parts, which are trained first, and how one image of a part is shown again. */
async function trainVictims(
  flags: ReportFlags,
  context: {
    readonly victim: OpenedModel;
    readonly name: string;
    readonly dataset: Dataset;
    readonly signal: AbortSignal;
  },
): Promise<Pick<FaultReportOptions, 'victim' | 'folds' | 'sourceOf'>> {
  const { victim, name, dataset, signal } = context;
  if (flags.folds === undefined) return { victim };
  const models = path.join(flags.out, 'folds');
  const { datasetDir: dir, saveDir, epochs, limit } = flags;
  const folds = await trainFolds({
    ...{ folds: flags.folds, recipe: victim.name, saveDir, epochs, limit, signal },
    ...{ train: dataset, dataset: { name, dir }, outDir: models },
  });
  const byImage = new Map(
    folds.flatMap((fold) => fold.order.map((i) => [dataset.nameOf(i), fold.victim.name])),
  );
  return {
    victim: { ...folds[0]!.victim, name: `${victim.name}, ${folds.length} folds` },
    folds,
    sourceOf: (image) => ({
      ...{ victim: byImage.get(image)!, models, dataset: name, datasetDir: dir, split: 'train' },
    }),
  };
}

function sourceOf(
  flags: ReportFlags,
  names: { readonly victim: string; readonly dataset: string },
): ReportSource {
  const models = flags.models === DEFAULT_MODELS_FOLDER ? undefined : flags.models;
  if (flags.folds !== undefined) return { ...flags, ...names, models };
  return { ...flags, ...names, models, saveDir: undefined, out: undefined };
}

async function findFileFaults(
  name: string,
  { datasetDir: dir }: ReportFlags,
  signal: AbortSignal,
): Promise<readonly Fault[] | null> {
  if (!LAYOUT_NAMES.includes(name)) return null;
  const layout = await findLayout({ name, dir });
  const { faults } = await checkDataset(layout, { splits: await layout.findSplits(), signal });
  return faults;
}

function formatReport({ evaluation, intervals, suspects, classes, images }: FaultReport): string {
  const { victim, attacker, dataset, split, miou, miouAttacked, imagesPerSecond } = evaluation;
  const range = (interval: readonly [number, number] | null): string =>
    interval === null
      ? ''
      : ` (95 % within ${formatPercent(interval[0])} … ${formatPercent(interval[1])})`;
  const fragile = [...classes]
    .filter(({ fragility }) => fragility !== null)
    .sort((a, b) => b.fragility! - a.fragility!)
    .slice(0, 3)
    .map(({ name, fragility }) => `${name} ${formatPercent(fragility)}`);
  const lowest = [...images].sort((a, b) => (a.labelQuality ?? 1) - (b.labelQuality ?? 1))[0];
  return [
    `${victim} on ${dataset} ${split}, ${formatCount(images.length, 'image')}, ${imagesPerSecond.toFixed(1)} images/s`,
    `  mIoU ${formatPercent(miou)}${range(intervals.miou)}`,
    ...(attacker === null
      ? []
      : [
          `  under ${attacker} ${formatPercent(miouAttacked)}${range(intervals.miouAttacked)}`,
          `  most fragile: ${fragile.join(', ')}`,
        ]),
    ...(lowest === undefined
      ? []
      : [`  lowest label quality: ${lowest.image}, ${lowest.labelQuality?.toFixed(4) ?? '–'}`]),
    ...(suspects.length === 0
      ? ['no label looks wrong']
      : [
          'labels to look at first:',
          formatTable(
            suspects
              .slice(0, 10)
              .map(({ image, given, suggested, box, score }) => [
                image,
                `${given} → ${suggested}`,
                box.join(','),
                score.toFixed(2),
              ]),
          ),
        ]),
  ].join('\n');
}
