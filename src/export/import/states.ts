import type { ClassTable } from '../../shared/classes.js';
import type { AttackerState } from '../../train/attacker-checkpoint.js';
import type { TrainState } from '../../train/checkpoint.js';
import type { TrainConfig } from '../../train/config.js';

/** What a file says of a network's training. */
export interface ImportedTraining {
  readonly importedFrom: { readonly file: string; readonly sha256: string };
  readonly classTable: ClassTable;
  /** Epochs that are complete; null where the file does not say. */
  readonly epoch: number | null;
  /** 0 where the file does not say. */
  readonly step: number;
  /** The best mean IoU on val, 0..1: the victim's own, or under the attack; null where the file does not say. */
  readonly miou: number | null;
  readonly config: TrainConfig;
}

/** The state of an imported victim's checkpoint. */
export function victimState(training: ImportedTraining): TrainState {
  const { epoch, miou, config } = training;
  return {
    ...progressOf(training),
    best:
      epoch === null || miou === null
        ? null
        : { epoch, images: null, miou, pixelAccuracy: null, iou: [] },
    classWeights: [],
    config,
  };
}

/**
 * The state of an imported attacker's checkpoint.
 * @param victim - the name of its victim's checkpoint and the hash of its weights' file; null where it came without.
 */
export function attackerState(
  training: ImportedTraining,
  victim: AttackerState['victim'],
): AttackerState {
  const { epoch, miou, config } = training;
  const { dataset, height, width, batchSize, epochs, learningRate, weightDecay } = config;
  return {
    ...progressOf(training),
    kind: 'attacker',
    victim,
    best: epoch === null || miou === null ? null : { epoch, images: null, miouAttacked: miou },
    config: {
      model: 'autoencoder',
      ...{ dataset, height, width, batchSize, epochs, learningRate, weightDecay },
    },
  };
}

function progressOf({ importedFrom, classTable, epoch, step }: ImportedTraining) {
  return {
    version: 1 as const,
    epoch: epoch ?? 0,
    batch: 0,
    step,
    lossSum: 0,
    seconds: 0,
    metrics: [],
    classes: classTable.classes.map(({ name, color: [red, green, blue] }) => ({
      name,
      color: [red, green, blue] as [number, number, number],
    })),
    ignoreIndex: classTable.ignoreIndex,
    importedFrom,
  };
}
