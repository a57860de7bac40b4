import type { Size } from '../data/dataset.js';
import type { Rgb } from '../shared/classes.js';
import type { ModelFacts } from '../shared/manifest.js';
import type { Perturbation } from '../shared/perturbation.js';
import type { LabelComparison } from '../shared/compare-labels.js';
import type { LabelPng } from './rendering.js';
import type { ProviderChoice, RunningProvider } from './provider.js';
import type { StartedThreads } from './started-threads.js';

type Bytes = Uint8Array<ArrayBuffer>;

/** What a worker thread is started with. */
export interface WorkerSetup {
  readonly models: readonly WorkerModel[];
  /** Threads of each session (ONNX Runtime's intra-op). */
  readonly threads: number;
  /** What sessions are to run on. */
  readonly provider: ProviderChoice;
  readonly started: StartedThreads;
}

export interface WorkerModel {
  readonly name: string;
  readonly path: string;
  /** A victim's form that takes and gives bytes; null where there is none. */
  readonly servingPath: string | null;
  readonly kind: ModelFacts['kind'];
  readonly classCount: number;
}

/** One picture to be segmented. */
export interface SegmentTask {
  readonly kind: 'segment';
  readonly model: string;
  /** RGB, uint8 `[H, W, 3]` flattened. */
  readonly image: Bytes;
  /** Its size, multiples of 8. */
  readonly imageSize: Size;
  /** The size that labels are wanted at. */
  readonly outputSize: Size;
  /** How labels get that size: to the nearest pixel, or by cutting off what lies to the right and below. */
  readonly fit: 'nearest' | 'crop';
  /** PNGs of the labels that are wanted, and the classes' colours for those that show them. */
  readonly labelPngs: readonly LabelPng[];
  readonly palette: readonly Rgb[];
  /** A picture of `outputSize` to be painted with the classes' colours. */
  readonly overlay?: {
    readonly image: Bytes;
    readonly opacity: number;
  };
}

export interface SegmentResult {
  /** Class numbers at the wanted size, `[H, W]` flattened. */
  readonly labels: Bytes;
  /** Pixels of each class in `labels`. */
  readonly pixelCounts: readonly number[];
  /** The PNGs that were wanted. */
  readonly pngs: Readonly<Partial<Record<LabelPng, Bytes>>>;
  /** The painted picture, where one was given. */
  readonly overlay?: Bytes;
  /** Time in the session alone. */
  readonly inferenceMs: number;
  /** Time that the PNGs took. */
  readonly encodeMs: number;
}

/** One picture to be perturbed. */
export interface PerturbTask {
  readonly kind: 'perturb';
  /** The picture as the victim sees it: RGB, uint8 `[H, W, 3]` flattened. */
  readonly image: Bytes;
  readonly imageSize: Size;
  /** An attacker and how much of its change is made, 0..1; or the picture as somebody else has perturbed it. */
  readonly by: { readonly attacker: string; readonly strength: number } | { readonly image: Bytes };
  /** The picture in its own size, which gets the change; null where that is `imageSize`. */
  readonly original: { readonly image: Bytes; readonly size: Size } | null;
}

export interface PerturbResult {
  /** The perturbed picture in its own size, `[H, W, 3]` flattened. */
  readonly image: Bytes;
  /** Of the picture in its own size. */
  readonly perturbation: Perturbation;
  readonly inferenceMs: number;
}

/** Two label maps of one picture to be compared. */
export interface CompareTask {
  readonly kind: 'compare';
  readonly before: Bytes;
  readonly after: Bytes;
  /** What is right, if that is known: class numbers, `ignoreIndex` (perhaps the number behind the last class) where nothing is. */
  readonly truth: Bytes | null;
  readonly classCount: number;
  readonly ignoreIndex: number;
}

/** An inference request of the Open Inference Protocol, as it came. */
export interface InferTask {
  readonly kind: 'infer';
  readonly model: string;
  readonly isServingForm: boolean;
  readonly body: Bytes;
  /** Bytes of the JSON at the beginning; null where all of it is. */
  readonly headerLength: number | null;
  /** Pixels of all pictures of the request together. */
  readonly maxPixels: number;
}

export interface InferResult {
  readonly body: Bytes;
  /** As in the task. */
  readonly headerLength: number | null;
  readonly inferenceMs: number;
}

/** What a worker is asked. Arrays are moved to the worker and back, not copied. */
export type WorkerTask = SegmentTask | PerturbTask | CompareTask | InferTask | ProviderTask;

/** Asks what the worker's sessions run on. */
export interface ProviderTask {
  readonly kind: 'provider';
}

/** What it answers, by kind. */
export interface WorkerResults {
  readonly segment: SegmentResult;
  readonly perturb: PerturbResult;
  readonly compare: LabelComparison;
  readonly infer: InferResult;
  readonly provider: RunningProvider;
}
