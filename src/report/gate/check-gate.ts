import { z } from 'zod';
import { SegprobeError } from '../../shared/errors.js';
import { percentileInterval } from '../../shared/poisson-bootstrap.js';

const share = z.number().min(0).max(1);
const score = share.nullable();

/** What must hold of a report. Shares are in 0..1. */
export const gateThresholds = z
  .strictObject({
    miou: share.optional(),
    miouAttacked: share.optional(),
    miouAtEpsilon: z.record(z.string(), share).optional(),
    classes: z.record(z.string(), share).optional(),
    worstClass: share.optional(),
    suspects: z.int().min(0).optional(),
    confident: z.boolean().optional(),
    drop: share.optional(),
  })
  .refine((thresholds) => Object.keys(thresholds).some((name) => name !== 'confident'), {
    message: 'expected a threshold, got none',
  });
export type GateThresholds = z.infer<typeof gateThresholds>;

/** What a gate reads of a report. */
export const gatedReport = z.object({
  evaluation: z.object({
    victim: z.string(),
    attacker: z.string().nullable(),
    dataset: z.string(),
    split: z.string(),
    images: z.int(),
    miou: score,
    miouAttacked: score,
  }),
  classes: z.array(z.object({ name: z.string(), iou: score })),
  labelNoise: z.object({ object: z.object({ regions: z.int() }) }),
  bootstrap: z.object({ miou: z.array(score), miouAttacked: z.array(score) }),
  strengths: z
    .object({
      points: z.array(
        z.object({
          linf: share,
          miou: score,
          miouInterval: z.tuple([share, share]).nullable(),
        }),
      ),
    })
    .nullish(),
});
export type GatedReport = z.infer<typeof gatedReport>;

/** One threshold, and whether it holds. */
export interface GateCheck {
  /** A key of the thresholds, and the class where it is one of a class. */
  readonly name: string;
  readonly holds: boolean;
  /** What was expected and what was found. */
  readonly message: string;
}

export interface GateOutcome {
  readonly holds: boolean;
  readonly victim: string;
  readonly checks: readonly GateCheck[];
}

/**
 * Holds a report to thresholds, and to a report on the same images.
 *
 * @throws SegprobeError `USAGE` for a threshold that the report has no figure for, and a baseline of other images.
 */
export function checkGate(
  report: GatedReport,
  thresholds: GateThresholds,
  baseline: GatedReport | null,
): GateOutcome {
  if (baseline !== null) assertComparable(report, baseline);
  else if (thresholds.drop !== undefined) refuse('drop: expected a baseline, got none');
  const checks = [
    ...checkMious(report, thresholds),
    ...checkEpsilons(report, thresholds),
    ...checkClasses(report, thresholds),
    ...checkSuspects(report, thresholds),
    ...(baseline === null ? [] : checkDrops(report, baseline, thresholds.drop ?? 0)),
  ];
  const holds = checks.every((check) => check.holds);
  return { holds, victim: report.evaluation.victim, checks };
}

const MIOUS = ['miou', 'miouAttacked'] as const;
const MIOU_NAMES = { miou: 'mIoU', miouAttacked: 'mIoU under attack' } as const;

function checkMious(
  { evaluation, bootstrap }: GatedReport,
  thresholds: GateThresholds,
): GateCheck[] {
  return MIOUS.flatMap((name) => {
    const least = thresholds[name];
    if (least === undefined) return [];
    const found = evaluation[name] ?? refuse(`${name}: expected a report that has it, got none`);
    const interval = percentileInterval(bootstrap[name]);
    const judged = thresholds.confident === true ? (interval?.[0] ?? found) : found;
    const range =
      interval === null ? '' : ` (95 % within ${percent(interval[0])} … ${percent(interval[1])})`;
    const message = `${MIOU_NAMES[name]}: expected at least ${percent(least)}${surely(thresholds)}, got ${percent(found)}${range}`;
    return [{ name, holds: judged >= least, message }];
  });
}

/** Looks up the mIoU at budgets on L∞, between two measured ones by a line. */
function checkEpsilons({ strengths }: GatedReport, thresholds: GateThresholds): GateCheck[] {
  return Object.entries(thresholds.miouAtEpsilon ?? {}).map(([written, least]): GateCheck => {
    const epsilon = parseEpsilon(written);
    const points = strengths?.points ?? [];
    const greatest = points.at(-1)?.linf;
    // Attacks are measured as pictures of 8 bits: half a step of 1/255 is none.
    const above = points.findIndex(({ linf }) => linf >= epsilon - 0.5 / 255);
    if (greatest === undefined || above < 0) {
      const found = greatest === undefined ? 'none with --attacker' : `up to ${inSteps(greatest)}`;
      return refuse(`miouAtEpsilon: expected a report of strengths up to ${written}, got ${found}`);
    }
    const [a, b] = [points[Math.max(0, above - 1)]!, points[above]!];
    const part = b.linf <= a.linf ? 1 : Math.min(1, (epsilon - a.linf) / (b.linf - a.linf));
    const between = (low: number | null, high: number | null): number | null =>
      low === null || high === null ? null : low + part * (high - low);
    const found = between(a.miou, b.miou);
    const [low, high] = [0, 1].map((end) =>
      between(a.miouInterval?.[end] ?? a.miou, b.miouInterval?.[end] ?? b.miou),
    ) as [number | null, number | null];
    const judged = thresholds.confident === true ? low : found;
    return {
      name: `miouAtEpsilon.${written}`,
      holds: judged !== null && judged >= least,
      message: `mIoU at ε = ${written}: expected at least ${percent(least)}${surely(thresholds)}, got ${percent(found)} (95 % within ${percent(low)} … ${percent(high)})`,
    };
  });
}

/** Reads `4/255` or `0.0157`. */
function parseEpsilon(written: string): number {
  const [, numerator, denominator = '1'] = /^([\d.]+)(?:\/([\d.]+))?$/.exec(written.trim()) ?? [];
  const epsilon = Number(numerator) / Number(denominator);
  if (epsilon > 0 && epsilon <= 1) return epsilon;
  return refuse(`miouAtEpsilon: expected budgets such as 4/255, got ${written}`);
}

function surely({ confident }: GateThresholds): string {
  return confident === true ? ' at the low end' : '';
}

function inSteps(linf: number): string {
  return `${Math.round(255 * linf)}/255`;
}

function checkClasses({ classes }: GatedReport, thresholds: GateThresholds): GateCheck[] {
  const named = Object.entries(thresholds.classes ?? {}).map(([name, least]): GateCheck => {
    const own = classes.find((found) => found.name === name);
    const names = classes.map((found) => found.name).join(', ');
    const { iou } = own ?? refuse(`classes: expected some of ${names}, got ${name}`);
    const holds = iou !== null && iou >= least;
    return {
      name: `classes.${name}`,
      holds,
      message: `IoU of ${name}: expected at least ${percent(least)}, got ${percent(iou)}`,
    };
  });
  const { worstClass } = thresholds;
  if (worstClass === undefined) return named;
  const [worst] = classes.filter(({ iou }) => iou !== null).sort((a, b) => a.iou! - b.iou!);
  if (worst === undefined) return refuse('worstClass: expected a report with classes, got none');
  const message = `IoU of every class: expected at least ${percent(worstClass)}, got ${percent(worst.iou)} for ${worst.name}`;
  return [...named, { name: 'worstClass', holds: worst.iou! >= worstClass, message }];
}

function checkSuspects({ labelNoise }: GatedReport, thresholds: GateThresholds): GateCheck[] {
  const most = thresholds.suspects;
  if (most === undefined) return [];
  const { regions } = labelNoise.object;
  const message = `regions inside objects that look wrongly labelled, of score 0.5 and more: expected at most ${most}, got ${regions}`;
  return [{ name: 'suspects', holds: regions <= most, message }];
}

/** Fails where a mIoU falls by more than is allowed, and the fall is no chance of which images there are: draw by draw. */
function checkDrops(report: GatedReport, baseline: GatedReport, drop: number): GateCheck[] {
  return MIOUS.flatMap((name) => {
    const [now, before] = [report.evaluation[name], baseline.evaluation[name]];
    if (now === null || before === null) return [];
    const changes = report.bootstrap[name].map((own, i) => {
      const other = baseline.bootstrap[name][i];
      return own === null || other === null || other === undefined ? null : own - other;
    });
    const interval = percentileInterval(changes);
    const range =
      interval === null ? '' : ` (95 % within ${signed(interval[0])} … ${signed(interval[1])})`;
    const isFall = now - before < -drop && (interval === null || interval[1] < 0);
    const message = `${MIOU_NAMES[name]} beside ${baseline.evaluation.victim}: expected no fall of more than ${points(drop)}, got ${signed(now - before)}${range}`;
    return [{ name: `baseline.${name}`, holds: !isFall, message }];
  });
}

function assertComparable(
  { evaluation: now }: GatedReport,
  { evaluation: before }: GatedReport,
): void {
  for (const key of ['dataset', 'split', 'images'] as const) {
    if (now[key] !== before[key]) {
      refuse(`baseline: expected the same ${key}, ${now[key]}, got ${before[key]}`);
    }
  }
}

function refuse(message: string): never {
  throw new SegprobeError('USAGE', message);
}

function percent(value: number | null): string {
  return value === null ? 'none' : `${(100 * value).toFixed(2)} %`;
}

function points(value: number): string {
  return `${(100 * value).toFixed(2)} points`;
}

function signed(value: number): string {
  return `${value > 0 ? '+' : ''}${points(value)}`;
}
