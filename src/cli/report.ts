import path from 'node:path';
import { type Command, Option } from 'commander';
import { checkDataset } from '../data/check/check-dataset.js';
import { FAULT_KINDS } from '../data/check/fault.js';
import { type Dataset, SPLITS, type Split } from '../data/dataset.js';
import { encodePicturePng } from '../data/encode-picture.js';
import { writeFileWhole } from '../data/files.js';
import { DATASET_NAMES, findLayout, LAYOUT_NAMES, openDataset } from '../data/open-dataset.js';
import { packageVersion } from '../data/package-version.js';
import { matchOutputs } from '../data/reorder-classes.js';
import { type Audit, auditDataset, type AuditedImage } from '../inference/audit/audit-dataset.js';
import { type AttackerStudy, studyAttacker } from '../inference/audit/attacker-study.js';
import { drawFindings, type FindingPlace } from '../inference/audit/draw-findings.js';
import { type StrengthSweep, sweepStrengths } from '../inference/audit/strength-sweep.js';
import { spread } from '../inference/display-scenes.js';
import { findAttacker, findVictim } from '../inference/find-model.js';
import { DEFAULT_MODELS_FOLDER, type OpenedModel, openModels } from '../inference/open-model.js';
import { type FaultReport, toFaultReport } from '../report/fault-report/fault-report.js';
import { faultReportPage, type PageParts } from '../report/fault-report/page.js';
import { SegprobeError } from '../shared/errors.js';
import { datasetOf } from './dataset-of.js';
import { withInterrupt } from './interrupt.js';
import { integer, integerBetween, positiveInteger } from './numbers.js';
import { printJson, printLine } from './output.js';
import { makeFolder } from './picture-files.js';
import { showSpeed, startProgress, type Progress } from './progress.js';
import { formatCount, formatPercent, formatTable } from './scores.js';

interface ReportFlags {
  readonly victim?: string;
  readonly attacker?: string;
  readonly models: string;
  readonly dataset?: string;
  readonly datasetDir?: string;
  readonly split: Split;
  readonly limit?: number;
  readonly image?: string;
  readonly findings: number;
  readonly strengthImages: number;
  readonly check: boolean;
  readonly threads?: number;
  readonly out: string;
  readonly json?: boolean;
}

const NOTES = `
Writes OUT/report.html, one page that needs nothing else, and OUT/report.json.

The labels are judged by the victim's own probabilities, so it should not have learned from them: report on val or test, or on train
with a victim that was trained on something else.

Examples:
  segprobe report --victim enet-camvid --attacker mal-camvid-linf8 --dataset-dir ~/CamVid --out report
  segprobe report --dataset sample --limit 50
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
      new Option('--split <split>', 'which split to report on').choices(SPLITS).default('val'),
    )
    .option('--limit <n>', 'take only the first n scenes of the split', positiveInteger)
    .option('--image <name>', 'report on this scene alone')
    .option('--findings <n>', 'suspects that are drawn', integer, 20)
    .option(
      '--strength-images <n>',
      'images that shares of the attack are tried on; 0 for none',
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
    .action(async (flags: ReportFlags) => {
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
    progress = startProgress(`${victim.name} on ${dataset.name} ${dataset.split}`, order.length);
    const bar = progress;
    return await withInterrupt(
      () => bar.log('stopping; Ctrl-C again ends at once'),
      async (signal) => {
        const { threads } = flags;
        const options = { victim, attacker, threads, signal };
        const onProgress = showSpeed(bar, order.length);
        const audit = await auditDataset(dataset, { ...options, order, onProgress });
        let sweep: StrengthSweep | null = null;
        if (attacker !== undefined && flags.strengthImages > 0) {
          bar.log(`trying shares of ${attacker.name} …`);
          const count = flags.strengthImages;
          sweep = await sweepStrengths(dataset, { ...options, attacker, order, count });
        }
        const study =
          attacker === undefined
            ? null
            : await studyAttacker(dataset, attacker, victim.facts.inputSize, {
                order: spread(STUDIED, order.length).map((i) => order[i]!),
                signal,
              });
        const found = toFaultReport(audit, sweep, study);
        bar.log('drawing what was found …');
        const parts = await partsOf(audit, {
          ...{ dataset, flags, victim, attacker, name, study, signal },
        });
        const page = path.join(flags.out, 'report.html');
        const json = path.join(flags.out, 'report.json');
        await writeFileWhole(page, faultReportPage(found, parts));
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

/** On how many images the attacker's change is looked at. */
const STUDIED = 12;
/** How many images that fall furthest are drawn. */
const FALLS = 6;

async function partsOf(
  audit: Audit,
  context: {
    readonly dataset: Dataset;
    readonly flags: ReportFlags;
    readonly victim: OpenedModel;
    readonly attacker: OpenedModel | undefined;
    readonly name: string;
    readonly study: AttackerStudy | null;
    readonly signal: AbortSignal;
  },
): Promise<PageParts> {
  const { dataset, flags, victim, attacker, name, study, signal } = context;
  const suspects = audit.suspects.slice(0, flags.findings);
  const fallOf = ({ miou, miouAttacked }: AuditedImage): number =>
    miouAttacked === null ? 0 : (miou ?? 0) - miouAttacked;
  const falls = [...audit.images]
    .filter((image) => fallOf(image) > 0)
    .sort((a, b) => fallOf(b) - fallOf(a))
    .slice(0, FALLS);
  const places: FindingPlace[] = [
    ...suspects.map(({ index, box }) => ({ index, box })),
    ...falls.map(({ index }) => ({ index })),
  ];
  const scenes = matchOutputs(dataset, victim.facts.classes);
  const pictures = await drawFindings(scenes, places, { victim, attacker, signal });
  const command = commandOf({ ...flags, dataset: name, victim: victim.name });
  return {
    classTable: audit.classTable,
    suspects: suspects.map(({ box }, i) => ({ box, pictures: pictures[i]! })),
    falls: falls.map(({ image }, i) => ({ image, pictures: pictures[suspects.length + i]! })),
    commonChange: study && {
      gain: study.common.gain,
      picture: await encodePicturePng(study.common),
    },
    fileFaults: flags.check ? await fileFaults(name, flags, signal) : null,
    command,
    commandOf: (image) =>
      commandOf({ ...flags, dataset: name, victim: victim.name, image, limit: undefined }),
    facts: [
      ['segprobe', packageVersion()],
      ['date', new Date().toISOString().slice(0, 10)],
      [victim.name, `SHA-256 ${victim.sha256}`],
      ...(attacker === undefined ? [] : [[attacker.name, `SHA-256 ${attacker.sha256}`] as const]),
      ['size', `${audit.size.width}×${audit.size.height}`],
      ['speed', `${audit.evaluation.imagesPerSecond.toFixed(1)} images/s`],
    ],
  };
}

async function fileFaults(
  name: string,
  { datasetDir: dir }: ReportFlags,
  signal: AbortSignal,
): Promise<PageParts['fileFaults']> {
  if (!LAYOUT_NAMES.includes(name)) return null;
  const layout = await findLayout({ name, dir });
  const { faults } = await checkDataset(layout, { splits: await layout.findSplits(), signal });
  const kinds = Object.entries(FAULT_KINDS).map(([kind, what]) => ({
    what,
    own: faults.filter((fault) => fault.kind === kind),
  }));
  return kinds.flatMap(({ what, own }) =>
    own.length === 0 ? [] : [{ what, count: own.length, first: path.basename(own[0]!.file) }],
  );
}

/** The command that gives the same again. */
function commandOf(
  flags: Pick<ReportFlags, 'split'> & {
    readonly [Flag in 'attacker' | 'datasetDir' | 'limit' | 'image']?:
      ReportFlags[Flag] | undefined;
  } & { readonly victim: string; readonly dataset: string },
): string {
  const { victim, attacker, dataset, datasetDir, split, limit, image } = flags;
  const given: readonly (readonly [flag: string, value: string | number | undefined])[] = [
    ['victim', victim],
    ['attacker', attacker],
    ['dataset', dataset],
    ['dataset-dir', datasetDir],
    ['split', split],
    ['limit', limit],
    ['image', image],
  ];
  const written = given.flatMap(([flag, value]) =>
    value === undefined ? [] : [`--${flag} ${quote(String(value))}`],
  );
  return `segprobe report ${written.join(' ')}`;
}

/** For a shell. */
function quote(value: string): string {
  return /^[\w./:=@%+,-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
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
