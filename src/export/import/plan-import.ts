import path from 'node:path';
import { isSegprobeError } from '../../shared/errors.js';
import type { Size } from '../../data/dataset.js';
import { parseTrainConfig, type TrainConfig } from '../../train/config.js';
import type { NamedTensors } from '../../train/packing.js';
import { type AdamState, readAdamOptions, readAdamState } from './adam-state.js';
import { outputClasses } from './class-table.js';
import type { FoundNetwork } from './detect-networks.js';
import type { PyTorchFile } from './pytorch-file.js';
import type { ImportedTraining } from './states.js';

/** A checkpoint that is to be written. */
export interface PlannedCheckpoint {
  readonly network: FoundNetwork;
  readonly name: string;
  readonly training: ImportedTraining;
  /** False where the classes have numbers alone. */
  readonly classesAreNamed: boolean;
  /** What training goes on from; or why it cannot. */
  readonly optimizer: NamedTensors | string;
}

export interface ImportFacts {
  readonly file: string;
  readonly source: PyTorchFile;
  readonly networks: readonly FoundNetwork[];
  /** Of the checkpoint; of two, `NAME-attacker` and `NAME-victim`. */
  readonly name: string;
  /** A `classes.json` that names the network's outputs. */
  readonly classesFile?: string | undefined;
  /** How the training was started, as far as it is known from beside the file. */
  readonly summary: Partial<TrainConfig>;
  /** What the user says of the training: stands above all else. */
  readonly options: Partial<TrainConfig>;
}

/** The Malicious Autoencoder's default, and PyTorch-ENet's for Cityscapes; for CamVid it is ours. */
const ATTACKED_SIZE: Size = { height: 240, width: 480 };
const SIZES: Readonly<Record<string, Size>> = { cityscapes: { height: 512, width: 1024 } };

/**
 * Decides what checkpoints a file becomes.
 * @throws SegprobeError `DATASET_INVALID` where the classes do not fit the network, `USAGE` for an option that is none.
 */
export async function planImport(facts: ImportFacts): Promise<PlannedCheckpoint[]> {
  const { source, networks, summary, options, classesFile } = facts;
  const victim = networks.find((network) => network.kind === 'victim');
  const { dataset, areNamed, ...classTable } = await outputClasses(victim?.classCount, {
    classesFile,
    dataset: options.dataset ?? summary.dataset,
  });
  const isAttacked = networks.some(({ kind }) => kind === 'attacker');
  const adam = orReason(() => readAdamOptions(source.optimizer));
  const config = parseTrainConfig({
    ...(isAttacked ? ATTACKED_SIZE : SIZES[dataset]),
    ...summary,
    ...(typeof adam !== 'string' && adam),
    ...options,
    dataset,
  });
  const states = new Map(networks.map((network) => [network, stateOf(facts, network)]));
  // The epoch and the mIoU are those of the network that was trained: the attacker, unless the victim alone has Adam's state.
  const trained =
    networks.find((network) => typeof states.get(network) !== 'string') ?? networks[0];
  return networks.map((network) => {
    const state = states.get(network)!;
    const isTrained = network === trained;
    const epoch = isTrained ? source.epoch : null;
    // A victim's that was measured under an attack is not its own.
    const isOwn = networks.length === 1 || network.kind === 'attacker';
    return {
      network,
      name: networks.length > 1 ? `${facts.name}-${network.kind}` : facts.name,
      classesAreNamed: areNamed,
      optimizer: typeof state === 'string' ? state : state.optimizer,
      training: {
        importedFrom: { file: path.basename(facts.file), sha256: source.sha256 },
        classTable,
        epoch,
        step: typeof state === 'string' ? 0 : state.step,
        miou: isTrained && isOwn && epoch !== 0 ? source.miou : null,
        config: network.kind === 'victim' ? { ...config, model: network.model } : config,
      },
    };
  });
}

function stateOf({ source, networks }: ImportFacts, network: FoundNetwork): AdamState | string {
  const { optimizer, epoch } = source;
  const names = [...source.tensors.keys()];
  return orReason(() => readAdamState({ optimizer, networks, names, epoch: epoch ?? 0 }, network));
}

/** What `read` gives; or the words of its refusal. */
function orReason<T extends object>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    if (isSegprobeError(error, 'CHECKPOINT_INVALID')) return error.message;
    throw error;
  }
}
