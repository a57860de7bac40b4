import path from 'node:path';
import { CONTROLS } from '../data/controls/index.js';
import { applyControl } from '../data/controls/perturb-scenes.js';
import type { Dataset, Size } from '../data/dataset.js';
import { writeFileWhole } from '../data/files.js';
import type { EvaluateDatasetOptions } from '../inference/evaluate-dataset.js';
import type { OpenedModel } from '../inference/open-model.js';
import {
  type CurveMethod,
  formatEpsilon,
  type SecurityCurve,
  securityCurve,
} from '../inference/security-curve.js';
import { lineChart, svgToPng } from '../report/charts/index.js';
import { SegprobeError } from '../shared/errors.js';
import { ATTACKS } from '../train/attacks/index.js';
import { batchSizesOf } from '../train/evaluate.js';
import { type AttackFlags, METHOD_NAMES, openGradientVictim } from './attack-flags.js';
import { formatCount, formatPercent } from './scores.js';

/** What `segprobe evaluate --attack` is to do. */
export interface CurveFlags extends AttackFlags {
  readonly attack: readonly string[];
  readonly epsilon: readonly number[];
  readonly batchSize: number;
  readonly threads?: number;
  readonly limit?: number;
}

/** The control that every attack must do more than. */
const BASELINE = 'noise';

/**
 * Measures the security curve that the flags ask for.
 * @param tell - takes a line for the person who waits.
 */
export async function measureCurve(
  flags: CurveFlags,
  {
    victim,
    dataset,
    size,
    signal,
    onProgress,
    tell,
  }: {
    readonly victim: OpenedModel;
    readonly dataset: Dataset;
    readonly size: Size;
    readonly signal: AbortSignal;
    readonly onProgress?: EvaluateDatasetOptions['onProgress'];
    readonly tell: (line: string) => void;
  },
): Promise<SecurityCurve> {
  const methods = await toMethods(flags, victim, dataset, size);
  return securityCurve(dataset, {
    ...{ victim, methods, size, signal, onProgress },
    epsilons: flags.epsilon,
    limit: flags.limit,
    threads: flags.threads,
    onPoint: (method, epsilon) => tell(`${method} at ${formatEpsilon(epsilon)} …`),
    onResult: ({ method, epsilon, result }) =>
      tell(
        `${method} at ${formatEpsilon(epsilon)}: mIoU ${formatPercent(result.miouAttacked)}, ${result.imagesPerSecond.toFixed(2)} images/s`,
      ),
  });
}

async function toMethods(
  flags: CurveFlags,
  victim: OpenedModel,
  dataset: Dataset,
  size: Size,
): Promise<CurveMethod[]> {
  const unknown = flags.attack.find((name) => !METHOD_NAMES.includes(name));
  if (unknown !== undefined) {
    throw new SegprobeError(
      'USAGE',
      `--attack: expected some of ${METHOD_NAMES.join(', ')}, got ${unknown}; --attacker NAME takes an ONNX attacker`,
    );
  }
  const isByGradients = flags.attack.some((name) => Object.hasOwn(ATTACKS, name));
  const gradients = isByGradients ? await openGradientVictim(victim, flags) : undefined;
  const total = Math.min(flags.limit ?? Infinity, dataset.length);
  const { batchSize } = flags;
  // Noise is a sign for every value: of L∞ alone.
  const withBaseline = flags.norm === 'linf' ? [...flags.attack, BASELINE] : flags.attack;
  return [...new Set(withBaseline)].map((name): CurveMethod => {
    if (!Object.hasOwn(ATTACKS, name)) return controlMethod(name, flags);
    return {
      name,
      isControl: false,
      at: (epsilon) => {
        const options = { epsilon, size, batchSizes: batchSizesOf(total, batchSize) };
        const attack = gradients!.attack(name, options);
        return {
          name: `${name} ${formatEpsilon(epsilon)}`,
          batchSize,
          perturb: (scenes, _first, signal) => attack.attack(scenes, signal),
          get withoutGradient() {
            return attack.withoutGradient;
          },
          dispose: () => attack.dispose(),
        };
      },
    };
  });
}

/** Only noise has a strength that is a norm; the others are compared at equal PSNR: `--matched`. */
function controlMethod(name: string, { norm, seed }: CurveFlags): CurveMethod {
  if (name !== BASELINE) {
    throw new SegprobeError(
      'USAGE',
      `--attack: expected ${BASELINE} or an attack by gradients, got ${name}, which has no epsilon; --attacker NAME --matched compares it at equal PSNR`,
    );
  }
  if (norm !== 'linf') {
    throw new SegprobeError('USAGE', `--norm: expected linf for ${BASELINE}, got ${norm}`);
  }
  return {
    name,
    isControl: true,
    at: (epsilon) => ({
      name: `${name} ${formatEpsilon(epsilon)}`,
      batchSize: 1,
      perturb: applyControl(CONTROLS[name]!, Math.floor(255 * epsilon + 1e-6), seed),
    }),
  };
}

/** Draws a curve: the mIoU over the budget, each method a line, from the clean pictures on. */
export function drawCurve({ points }: SecurityCurve, norm: AttackFlags['norm']): string {
  const { victim, dataset, split, miou } = points[0]!.result;
  const scale = norm === 'linf' ? 255 : 1;
  const names = [...new Set(points.map(({ method }) => method))];
  return lineChart({
    title: `${victim} under attack, ${dataset} ${split}`,
    x: {
      label: norm === 'linf' ? 'budget ε on L∞, in steps of 1/255' : 'budget ε on L2',
      domain: [0, scale * Math.max(...points.map(({ epsilon }) => epsilon))],
    },
    y: { label: 'mIoU', domain: [0, 1], format: (value) => `${Math.round(100 * value)} %` },
    series: names.map((name) => ({
      name,
      dashed: name === BASELINE,
      points: [
        [0, miou ?? 0] as const,
        ...points
          .filter(({ method }) => method === name)
          .map(({ epsilon, result }) => [scale * epsilon, result.miouAttacked ?? 0] as const),
      ],
    })),
  });
}

/** Writes the drawing as `STEM.svg` and `STEM.png`, whichever of the two the name has. */
export async function writeCurve(file: string, svg: string): Promise<string[]> {
  const { dir, name } = path.parse(file);
  const stem = path.join(dir, name);
  await writeFileWhole(`${stem}.svg`, svg);
  await writeFileWhole(`${stem}.png`, svgToPng(svg));
  return [`${stem}.svg`, `${stem}.png`];
}

/** Writes a curve for a person: a row a budget, a column a method. */
export function formatCurve({ points, warnings }: SecurityCurve): string {
  const { victim, dataset, split, images, miou } = points[0]!.result;
  const names = [...new Set(points.map(({ method }) => method))];
  const epsilons = [...new Set(points.map(({ epsilon }) => epsilon))];
  const cell = (text: string): string => text.padStart(10);
  const row = (head: string, cells: readonly string[]): string =>
    `  ${head.padEnd(10)}${cells.map(cell).join('')}`;
  const at = (name: string, epsilon: number): string => {
    const point = points.find((own) => own.method === name && own.epsilon === epsilon);
    return formatPercent(point?.result.miouAttacked ?? null);
  };
  return [
    `${victim} on ${dataset} ${split}, ${formatCount(images, 'image')}: mIoU under attack`,
    row('ε', names),
    row(
      'clean',
      names.map(() => formatPercent(miou)),
    ),
    ...epsilons.map((epsilon) =>
      row(
        formatEpsilon(epsilon),
        names.map((name) => at(name, epsilon)),
      ),
    ),
    ...warnings.map((warning) => `warning: ${warning}`),
  ].join('\n');
}
