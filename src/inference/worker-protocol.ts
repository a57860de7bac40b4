import type { Size } from '../data/dataset.js';
import type { Rgb } from '../shared/classes.js';

/** What a worker thread is started with. */
export interface WorkerSetup {
  readonly models: readonly WorkerModel[];
  /** Threads of each session (ONNX Runtime's intra-op). */
  readonly threads: number;
}

export interface WorkerModel {
  readonly name: string;
  readonly path: string;
  readonly classCount: number;
}

/** One picture to be segmented. The arrays are moved to the worker, not copied. */
export interface SegmentTask {
  readonly model: string;
  /** RGB at the model's size, uint8 `[H, W, 3]` flattened. */
  readonly image: Uint8Array<ArrayBuffer>;
  readonly imageSize: Size;
  /** The size that labels are wanted at. */
  readonly outputSize: Size;
  /** A picture of `outputSize` to be painted with the classes' colours. */
  readonly overlay?: {
    readonly image: Uint8Array<ArrayBuffer>;
    readonly palette: readonly Rgb[];
    readonly opacity: number;
  };
}

/** What a worker gives back, moved again. */
export interface SegmentResult {
  /** Class numbers at the wanted size, `[H, W]` flattened. */
  readonly labels: Uint8Array<ArrayBuffer>;
  /** Pixels of each class in `labels`. */
  readonly pixelCounts: readonly number[];
  /** The painted picture, where one was given. */
  readonly overlay?: Uint8Array<ArrayBuffer>;
  /** Time in the session alone. */
  readonly inferenceMs: number;
}
