import type { Dataset, Size } from '../../data/dataset.js';
import { assertNotAborted } from '../gate.js';
import type { OpenedModel } from '../open-model.js';
import { createInferencePool } from '../pool.js';

/** What an attacker does to pictures. Changes are after − before, colours in 0..1. */
export interface AttackerStudy {
  readonly images: number;
  /** Mean over all pixels: red, green, blue. */
  readonly meanChange: readonly [red: number, green: number, blue: number];
  /** The share of the change's energy that is the same on every picture, 0..1: 1 is one pattern for all; null of fewer than two. */
  readonly commonShare: number | null;
  /** Shares of the energy of the luma's change by the period of its waves, the longest first; all together 1. */
  readonly bands: readonly {
    /** In pixels; `toPeriod` exclusive, null for longer than all. */
    readonly fromPeriod: number;
    readonly toPeriod: number | null;
    readonly share: number;
  }[];
  /** The strongest wave: its period in pixels along each axis (null where it does not vary along it), and its share of the energy. */
  readonly strongest: {
    readonly periodX: number | null;
    readonly periodY: number | null;
    readonly share: number;
  } | null;
  /** The mean change, uint8 `[H, W, 3]` around 128, amplified to fill it. */
  readonly common: Size & { readonly data: Uint8Array; readonly gain: number };
}

/** Waves are looked for in windows of so many pixels a side. */
const WINDOW = 64;
/** Lower ends of the bands, in pixels of a period. */
const PERIODS = [32, 16, 8, 4, 2] as const;

/**
 * Looks at what an attacker changes in some scenes.
 *
 * @param order - the scenes by index.
 * @throws SegprobeError as the pool and as reading a scene.
 */
export async function studyAttacker(
  scenes: Dataset,
  attacker: OpenedModel,
  size: Size,
  {
    order,
    signal,
  }: { readonly order: readonly number[]; readonly signal?: AbortSignal | undefined },
): Promise<AttackerStudy> {
  const sums = new Float64Array(3 * size.height * size.width);
  const power = new Float64Array(WINDOW * WINDOW);
  let energy = 0;
  const pool = createInferencePool({ models: [attacker] });
  try {
    for (const index of order) {
      assertNotAborted(signal);
      const { image } = await scenes.read(index, size);
      const picture = { ...size, data: image };
      const by = { attacker: attacker.name, strength: 1 };
      const { data } = await pool.perturb(picture, by, picture, { signal });
      const change = Float64Array.from(data, (value, i) => (value - image[i]!) / 255);
      change.forEach((value, i) => {
        sums[i]! += value;
        energy += value * value;
      });
      addPower(power, toLuma(change), size);
    }
  } finally {
    await pool.close();
  }
  return summarize(sums, power, { energy, images: order.length, size });
}

function summarize(
  sums: Float64Array,
  power: Float64Array,
  {
    energy,
    images,
    size,
  }: { readonly energy: number; readonly images: number; readonly size: Size },
): AttackerStudy {
  const means = sums.map((sum) => sum / images);
  const meanChange = [0, 0, 0];
  let [ofMeans, greatest] = [0, 0];
  means.forEach((value, i) => {
    meanChange[i % 3]! += (3 * value) / means.length;
    ofMeans += value * value;
    greatest = Math.max(greatest, Math.abs(value));
  });
  const each = energy / images;
  // ‖mean‖² holds 1/n of what differs between pictures: taken out.
  const common = (images * ofMeans - each) / ((images - 1) * each);
  const gain = greatest === 0 ? 1 : 127 / (255 * greatest);
  return {
    images,
    meanChange: meanChange as [number, number, number],
    commonShare: images < 2 || each === 0 ? null : Math.min(1, Math.max(0, common)),
    ...wavesOf(power),
    common: {
      ...size,
      gain,
      data: Uint8Array.from(means, (value) => Math.round(128 + gain * 255 * value)),
    },
  };
}

/** Luma of changes `[H, W, 3]` (BT.601), `[H, W]` flattened. */
function toLuma(change: Float64Array): Float64Array {
  return Float64Array.from(
    { length: change.length / 3 },
    (_, i) => 0.299 * change[3 * i]! + 0.587 * change[3 * i + 1]! + 0.114 * change[3 * i + 2]!,
  );
}

// cos and sin of 2π · i / WINDOW
const [COS, SIN] = [Math.cos, Math.sin].map((wave) =>
  Float64Array.from({ length: WINDOW }, (_, i) => wave((2 * Math.PI * i) / WINDOW)),
) as [Float64Array, Float64Array];

/**
 * Adds the power of every wave (`[v, u]`, whole numbers of periods in a window down and across) in all windows of a plane. A picture smaller than a window adds
 * nothing.
 */
function addPower(power: Float64Array, plane: Float64Array, { height, width }: Size): void {
  const rows = new Float64Array(2 * WINDOW * WINDOW); // [y, u, re | im]
  for (let top = 0; top + WINDOW <= height; top += WINDOW) {
    for (let left = 0; left + WINDOW <= width; left += WINDOW) {
      for (let y = 0; y < WINDOW; y++) {
        for (let u = 0; u < WINDOW; u++) {
          let [re, im] = [0, 0];
          for (let x = 0; x < WINDOW; x++) {
            const value = plane[(top + y) * width + left + x]!;
            const phase = (u * x) % WINDOW;
            re += value * COS[phase]!;
            im -= value * SIN[phase]!;
          }
          rows[2 * (y * WINDOW + u)] = re;
          rows[2 * (y * WINDOW + u) + 1] = im;
        }
      }
      for (let u = 0; u < WINDOW; u++) {
        for (let v = 0; v < WINDOW; v++) {
          let [re, im] = [0, 0];
          for (let y = 0; y < WINDOW; y++) {
            const phase = (v * y) % WINDOW;
            const [a, b] = [rows[2 * (y * WINDOW + u)]!, rows[2 * (y * WINDOW + u) + 1]!];
            re += a * COS[phase]! + b * SIN[phase]!;
            im += b * COS[phase]! - a * SIN[phase]!;
          }
          power[v * WINDOW + u]! += re * re + im * im;
        }
      }
    }
  }
}

function wavesOf(power: Float64Array): Pick<AttackerStudy, 'bands' | 'strongest'> {
  const total = power.reduce((sum, value) => sum + value, 0);
  const shares = new Array<number>(PERIODS.length).fill(0);
  let best = -1;
  for (let i = 0; i < power.length; i++) {
    const [v, u] = [signed(Math.floor(i / WINDOW)), signed(i % WINDOW)];
    const period = WINDOW / Math.hypot(u, v);
    const band = PERIODS.findIndex((least) => period >= least);
    // Diagonal waves may be shorter than 2 pixels: they count with the finest.
    shares[band < 0 ? PERIODS.length - 1 : band]! += total === 0 ? 0 : power[i]! / total;
    if (i > 0 && (best < 0 || power[i]! > power[best]!)) best = i;
  }
  const [v, u] = [Math.abs(signed(Math.floor(best / WINDOW))), Math.abs(signed(best % WINDOW))];
  // A wave and its mirror image are one.
  const isOwnMirror = [u, v].every((own) => own === 0 || own === WINDOW / 2);
  return {
    bands: PERIODS.map((fromPeriod, i) => ({
      fromPeriod,
      toPeriod: PERIODS[i - 1] ?? null,
      share: shares[i]!,
    })),
    strongest:
      total === 0
        ? null
        : {
            periodX: u === 0 ? null : WINDOW / u,
            periodY: v === 0 ? null : WINDOW / v,
            share: ((isOwnMirror ? 1 : 2) * power[best]!) / total,
          },
  };
}

/** Of a whole number of periods in a window, −32 … 31. */
function signed(periods: number): number {
  return periods < WINDOW / 2 ? periods : periods - WINDOW;
}

/** Says it in words, a sentence each. */
export function describeStudy({
  meanChange,
  commonShare,
  bands,
  strongest,
}: Omit<AttackerStudy, 'common'>): string[] {
  const colors = ['red', 'green', 'blue'].map((color, c) => {
    const steps = 255 * meanChange[c]!;
    return `${color} by ${steps > 0 ? '+' : steps < 0 ? '−' : ''}${Math.abs(steps).toFixed(1)}`;
  });
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  const sentences = [`On average it changes ${colors.join(', ')} of 255.`];
  if (commonShare !== null) {
    const kind =
      commonShare > 0.5
        ? 'it is mostly one pattern, whatever the picture'
        : 'it is made for each picture';
    sentences.push(`${percent(commonShare)} of the change is the same on every picture: ${kind}.`);
  }
  const fine = bands
    .filter(({ fromPeriod }) => fromPeriod < 16)
    .reduce((sum, { share }) => sum + share, 0);
  sentences.push(
    `${percent(fine)} of its energy is in waves shorter than 16 pixels (${fine > 0.5 ? 'fine texture' : 'broad changes of brightness'}).`,
  );
  if (strongest !== null && strongest.share > 0.03) {
    const along = [
      ...(strongest.periodX === null ? [] : [`${strongest.periodX.toFixed(1)} pixels across`]),
      ...(strongest.periodY === null ? [] : [`${strongest.periodY.toFixed(1)} pixels down`]),
    ];
    sentences.push(
      `Its strongest wave repeats every ${along.join(' and ')} and has ${percent(strongest.share)} of the energy.`,
    );
  }
  return sentences;
}
