/** Is told how a training goes. */
export interface TrainObserver {
  onStart(start: TrainStart): void;
  onStep(step: StepReport): void;
  /** After each batch of the validation that ends an epoch. */
  onValidation(validation: ValidationReport): void;
  onEpoch(epoch: EpochReport): void;
}

export interface TrainStart {
  /** To be done in all. */
  readonly epochs: number;
  /** Epochs that are complete. */
  readonly epoch: number;
  /** Steps done in all. */
  readonly step: number;
  readonly stepsPerEpoch: number;
  readonly resumed: boolean;
  readonly bestMiou: number | null;
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
