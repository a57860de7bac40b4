import type { Dataset } from '../../data/dataset.js';
import type { Fault } from '../../data/check/fault.js';
import { encodePicturePng } from '../../data/encode-picture.js';
import { packageVersion } from '../../data/package-version.js';
import { matchOutputs } from '../../data/reorder-classes.js';
import { comparableWith, measureTransfer } from '../../inference/audit/attack-transfer.js';
import { studyAttacker, type AttackerStudy } from '../../inference/audit/attacker-study.js';
import {
  type Audit,
  auditDataset,
  type AuditedImage,
  type AuditFold,
} from '../../inference/audit/audit-dataset.js';
import {
  drawFindings,
  type FindingPictures,
  type FindingPlace,
} from '../../inference/audit/draw-findings.js';
import {
  sweepStrengths,
  type StrengthSweep,
  type SweptObject,
} from '../../inference/audit/strength-sweep.js';
import { spread } from '../../inference/display-scenes.js';
import type { OpenedModel } from '../../inference/open-model.js';
import type { FaultReport } from './fault-report.js';
import { groupSuspects } from './group-suspects.js';
import { faultReportPage } from './page.js';
import type { PageParts } from './page-parts.js';
import { type ReportSource, reportCommand } from './reproduce.js';
import { toFaultReport } from './to-fault-report.js';

export interface FaultReportOptions {
  readonly victim: OpenedModel;
  /** Without one, only the clean pictures are looked at. */
  readonly attacker?: OpenedModel | undefined;
  /** Victims that have each not learned from its part of the scenes; `victim` then only names the whole. No attack is tried then. */
  readonly folds?: readonly AuditFold[] | undefined;
  /** Names for the commands that show a finding again. @defaultValue those of the victim, the attacker and the data set */
  readonly source?: ReportSource | undefined;
  /** … of one image, where they are others. */
  readonly sourceOf?: ((image: string) => ReportSource) | undefined;
  /** The scenes, by index. @defaultValue all */
  readonly order?: readonly number[] | undefined;
  /** Suspects that are drawn. @defaultValue 20 */
  readonly findings?: number | undefined;
  /** Images that shares of the attack are tried on; 0 for none. @defaultValue 24 */
  readonly strengthImages?: number | undefined;
  /** Models at hand: every attacker among them is tried on every victim of these classes. @defaultValue none */
  readonly models?: Iterable<OpenedModel> | undefined;
  /** Images that they are tried on; 0 for none. @defaultValue 24 */
  readonly transferImages?: number | undefined;
  /** What `checkDataset` found in the files; null where the data set does not lie in files, or nobody looked. @defaultValue null */
  readonly fileFaults?: readonly Fault[] | null | undefined;
  /** Worker threads. @defaultValue one for every core */
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told once the models are loaded (0 done), and after each scene of the pass over all of them. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Told what is begun after that pass. */
  readonly tell?: ((line: string) => void) | undefined;
}

/** On how many images the attacker's change is looked at. */
const STUDIED = 12;
/** How many images that fall furthest are drawn, and how many objects that are lost first. */
const FALLS = 3;
const LOST = 6;

/**
 * Looks for the faults of a model and of a split's labels, and writes them up: figures, and one HTML document that needs nothing
 * else. `report.evaluation` is what `evaluateDataset` gives of the same scenes.
 *
 * @param dataset - its classes may stand in another order than the victim's. The caller closes it.
 * @throws SegprobeError as `auditDataset`.
 */
export async function createFaultReport(
  dataset: Dataset,
  options: FaultReportOptions,
): Promise<{ readonly report: FaultReport; readonly html: string }> {
  const { victim, signal, threads, folds, fileFaults = null, tell = () => undefined } = options;
  const attacker = folds === undefined ? options.attacker : undefined;
  const { findings = 20, strengthImages = 24, transferImages = 24 } = options;
  const order = options.order ?? Array.from({ length: dataset.length }, (_, i) => i);
  const models = { victim, folds, attacker, threads, signal };
  const audit = await auditDataset(dataset, { ...models, order, onProgress: options.onProgress });
  const isSwept = attacker !== undefined && strengthImages > 0;
  if (isSwept) tell(`trying shares of ${attacker.name} …`);
  const sweep = isSwept
    ? await sweepStrengths(dataset, { ...models, attacker, order, count: strengthImages })
    : null;
  const compared = comparableWith(victim, options.models ?? []);
  const isCompared = attacker !== undefined && compared.victims.length > 1 && transferImages > 0;
  if (isCompared) tell('trying every attacker on every victim …');
  const transfer = isCompared
    ? await measureTransfer(dataset, {
        ...{ ...compared, order, threads, signal },
        count: transferImages,
      })
    : null;
  const study =
    attacker === undefined
      ? null
      : await studyAttacker(dataset, attacker, victim.facts.inputSize, {
          order: spread(STUDIED, order.length).map((i) => order[i]!),
          signal,
        });
  const source = options.source ?? {
    ...{ victim: victim.name, attacker: attacker?.name },
    ...{ dataset: dataset.name, split: dataset.split },
  };
  const commandOf = (image?: string): string =>
    reportCommand((image !== undefined && options.sourceOf?.(image)) || source, image);
  const report = toFaultReport({ audit, sweep, study, transfer, folds, fileFaults, commandOf });
  tell('drawing what was found …');
  const drawn = await drawParts(dataset, { audit, study, sweep }, { ...models, findings });
  const html = faultReportPage(report, { ...drawn, commandOf, facts: factsOf(audit, models) });
  return { report, html };
}

async function drawParts(
  dataset: Dataset,
  {
    audit,
    study,
    sweep,
  }: {
    readonly audit: Audit;
    readonly study: AttackerStudy | null;
    readonly sweep: StrengthSweep | null;
  },
  {
    findings,
    ...models
  }: Pick<FaultReportOptions, 'victim' | 'folds' | 'attacker' | 'signal'> & {
    readonly findings: number;
  },
): Promise<Omit<PageParts, 'commandOf' | 'facts'>> {
  const groups = groupSuspects(audit.suspects, findings);
  const fallOf = ({ miou, miouAttacked }: AuditedImage): number =>
    miouAttacked === null ? 0 : (miou ?? 0) - miouAttacked;
  const falls = [...audit.images]
    .filter((image) => fallOf(image) > 0)
    .sort((a, b) => fallOf(b) - fallOf(a))
    .slice(0, FALLS);
  const lost = lostFirst(sweep?.objects ?? []);
  const places: FindingPlace[] = [
    ...groups.map(({ suspect: { index, box } }) => ({ index, box })),
    ...falls.map(({ index }) => ({ index })),
    ...lost.map(({ index, box, lostAtStrength }) => ({ index, box, strength: lostAtStrength! })),
  ];
  const scenes = matchOutputs(dataset, models.victim.facts.classes);
  const pictures: FindingPictures[] = [];
  for (const { victim, order } of models.folds ?? [{ victim: models.victim, order: null }]) {
    const own = places.flatMap(({ index }, i) =>
      order === null || order.includes(index) ? [i] : [],
    );
    const drawn = await drawFindings(
      scenes,
      own.map((i) => places[i]!),
      { ...models, victim },
    );
    drawn.forEach((found, i) => (pictures[own[i]!] = found));
  }
  return {
    classTable: audit.classTable,
    suspects: groups.map(({ suspect: { box }, rank, alsoIn }, i) => ({
      ...{ box, rank, alsoIn },
      pictures: pictures[i]!,
    })),
    falls: falls.map(({ image }, i) => ({ image, pictures: pictures[groups.length + i]! })),
    lost: lost.map(({ image, number, box, pixels, lostAtStrength }, i) => ({
      ...{ image, box, pixels, strength: lostAtStrength! },
      class: audit.classTable.classes[number]!.name,
      pictures: pictures[groups.length + falls.length + i]!,
    })),
    commonChange: study && {
      gain: study.common.gain,
      picture: await encodePicturePng(study.common),
    },
  };
}

/** Of each class the object that is lost at the smallest strength, the largest of several; those of the smallest strengths. */
function lostFirst(objects: readonly SweptObject[]): SweptObject[] {
  const byClass = new Map<number, SweptObject>();
  const sorted = objects
    .filter(({ lostAtStrength }) => lostAtStrength !== null)
    .sort((a, b) => a.lostAtStrength! - b.lostAtStrength! || b.pixels - a.pixels);
  for (const object of sorted) {
    if (!byClass.has(object.number)) byClass.set(object.number, object);
  }
  return [...byClass.values()].slice(0, LOST);
}

function factsOf(
  { size, evaluation }: Audit,
  { victim, folds, attacker }: Pick<FaultReportOptions, 'victim' | 'folds' | 'attacker'>,
): PageParts['facts'] {
  return [
    ['segprobe', packageVersion()],
    ['date', new Date().toISOString().slice(0, 10)],
    ...(folds ?? [{ victim }]).map(
      ({ victim: { name, sha256 } }) => [name, `SHA-256 ${sha256}`] as const,
    ),
    ...(attacker === undefined ? [] : [[attacker.name, `SHA-256 ${attacker.sha256}`] as const]),
    ['size', `${size.width}×${size.height}`],
    ['speed', `${evaluation.imagesPerSecond.toFixed(1)} images/s`],
  ];
}
