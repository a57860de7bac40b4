import type { Batch } from '../data/batches.js';
import type { Size } from '../data/dataset.js';
import type { LabelClass } from '../shared/classes.js';

/** Is told how a training goes. */
export interface TrainObserver {
  onStart(start: TrainStart): void;
  /** Before each step, which waits; `step` is counted over the whole training, from 1. */
  onBatch?(batch: Batch, step: number): Promise<void> | void;
  onStep(step: StepReport): void;
  /** In the validation that ends an epoch, of each batch. */
  onPredictions?(predictions: PredictionReport): void;
  /** After each batch of the validation that ends an epoch. */
  onValidation(validation: ValidationReport): void;
  /** Before the checkpoint that ends an epoch is written, which waits: what is noted here may be of an epoch done twice. */
  onEpochDone?(epoch: EpochReport): Promise<void> | void;
  /** After the checkpoint is written. */
  onEpoch(epoch: EpochReport): void;
  /** When the training ends, in whatever way. */
  onEnd?(): Promise<void> | void;
}

/** Tells several observers, in this order. */
export function joinObservers(...observers: readonly Partial<TrainObserver>[]): TrainObserver {
  const tell = (how: (observer: Partial<TrainObserver>) => void): void => observers.forEach(how);
  const tellEach = async (how: (one: Partial<TrainObserver>) => Promise<void> | void) => {
    for (const observer of observers) await how(observer);
  };
  return {
    onStart: (start) => tell((one) => one.onStart?.(start)),
    onBatch: (...batch) => tellEach((one) => one.onBatch?.(...batch)),
    onStep: (step) => tell((one) => one.onStep?.(step)),
    onPredictions: (predictions) => tell((one) => one.onPredictions?.(predictions)),
    onValidation: (validation) => tell((one) => one.onValidation?.(validation)),
    onEpochDone: (epoch) => tellEach((one) => one.onEpochDone?.(epoch)),
    onEpoch: (epoch) => tell((one) => one.onEpoch?.(epoch)),
    onEnd: () => tellEach((one) => one.onEnd?.()),
  };
}

export interface TrainStart {
  /** The checkpoint's, `save/NAME`. */
  readonly folder: string;
  readonly classes: readonly LabelClass[];
  readonly ignoreIndex: number;
  /** To be done in all. */
  readonly epochs: number;
  /** Epochs that are complete. */
  readonly epoch: number;
  /** Steps done in all. */
  readonly step: number;
  readonly stepsPerEpoch: number;
  readonly resumed: boolean;
  readonly bestMiou: number | null;
  /** The lines of `metrics.jsonl` so far. */
  readonly metrics: readonly Readonly<Record<string, unknown>>[];
}

export interface StepReport {
  /** Epoch under way, from 1. */
  readonly epoch: number;
  /** Steps done in it. */
  readonly batch: number;
  readonly stepsPerEpoch: number;
  readonly loss: number;
  readonly images: number;
}

/** What was predicted of a batch of val. */
export interface PredictionReport {
  /** Epoch that is validated, from 1. */
  readonly epoch: number;
  readonly batch: Batch;
  /** Class numbers, `[N, H, W]` flattened. */
  readonly labels: Int32Array;
  /** Of the batch's first scene in the split. */
  readonly firstIndex: number;
  readonly totalImages: number;
  /** Of the scenes. */
  readonly size: Size;
}

export interface ValidationReport {
  /** Epoch that is validated, from 1. */
  readonly epoch: number;
  readonly images: number;
  readonly totalImages: number;
}

/** A line of `metrics.jsonl`. */
export interface EpochReport {
  readonly epoch: number;
  readonly step: number;
  /** Mean over the epoch's batches. */
  readonly trainLoss: number;
  /** Of the epoch's last step. */
  readonly learningRate: number;
  /** Null, as the other scores, where the epoch was not validated. */
  readonly valMiou: number | null;
  readonly valPixelAccuracy: number | null;
  /** Empty where the epoch was not validated. */
  readonly valIou: readonly (number | null)[];
  readonly bestMiou: number | null;
  /** In training, of what this session did of the epoch; null if it only validated. */
  readonly imagesPerSecond: number | null;
  /** Seconds that this session spent on the epoch, validation included. */
  readonly seconds: number;
  /** Seconds in which training stood still for want of a picture. */
  readonly waitSeconds: number;
}
