import { SegprobeError } from '../../shared/errors.js';
import type { Safetensor } from '../../shared/safetensors.js';
import { BETA_1, BETA_2, EPSILON } from '../../train/optimizer.js';
import { type NamedTensors, OPTIMIZER_PREFIX } from '../../train/packing.js';
import { isDictionary, isTensor, type PyTorchKey, type PyTorchValue } from '../pytorch/index.js';
import type { FoundNetwork } from './detect-networks.js';
import { isFloating, toFloat32 } from './float-values.js';

/** How far a network was trained, and what its training goes on from. */
export interface AdamState {
  /** Steps done. */
  readonly step: number;
  /** Weights and moments, as a checkpoint keeps them. */
  readonly optimizer: NamedTensors;
}

/** The options that PyTorch's Adam keeps with its state. */
export interface AdamOptions {
  /** Before any schedule lowered it. */
  readonly learningRate: number;
  readonly weightDecay: number;
}

type Dictionary = ReadonlyMap<PyTorchKey, PyTorchValue>;

/**
 * Reads the options of PyTorch's Adam.
 * @throws SegprobeError `CHECKPOINT_INVALID` saying what is missing, or why our Adam would compute other numbers.
 */
export function readAdamOptions(optimizer: PyTorchValue | undefined): AdamOptions {
  const group = groupOf(optimizer);
  const betas = group.get('betas');
  const [beta1, beta2] = Array.isArray(betas) ? (betas as unknown[]) : [];
  if (beta1 !== BETA_1 || beta2 !== BETA_2 || group.get('eps') !== EPSILON) {
    throw refusal(`Adam with betas ${BETA_1} and ${BETA_2} and eps ${EPSILON}`, 'others');
  }
  for (const variant of ['amsgrad', 'maximize', 'decoupled_weight_decay']) {
    if (group.get(variant)) throw refusal('plain Adam', variant);
  }
  const learningRate = group.get('initial_lr') ?? group.get('lr');
  const weightDecay = group.get('weight_decay');
  if (typeof learningRate !== 'number' || typeof weightDecay !== 'number') {
    throw refusal('the learning rate and the weight decay', 'none');
  }
  return { learningRate, weightDecay };
}

/** A file's networks, and where its optimizer finds their parameters. */
export interface OptimizedFile {
  readonly optimizer: PyTorchValue | undefined;
  readonly networks: readonly FoundNetwork[];
  /** The names of the state dict, in its order. */
  readonly names: readonly string[];
  /** Epochs that are complete. Before the first, an optimizer without state is one that has not begun. */
  readonly epoch: number;
}

/**
 * Reads the state of PyTorch's Adam for one of a file's networks.
 * @throws SegprobeError `CHECKPOINT_INVALID` saying what training would need to go on.
 */
export function readAdamState(file: OptimizedFile, network: FoundNetwork): AdamState {
  readAdamOptions(file.optimizer);
  const { epoch } = file;
  const optimizer: NamedTensors = new Map();
  const add = (prefix: string, name: string, tensor: Safetensor): void =>
    void optimizer.set(prefix + name, tensor);
  network.weights.forEach((tensor, name) => add(OPTIMIZER_PREFIX.weights, name, tensor));
  const steps = new Set<number>();
  for (const [name, state] of statesOf(file, network)) {
    const { shape } = network.weights.get(name)!;
    const moments = state ?? freshState(shape);
    add(OPTIMIZER_PREFIX.firstMoment, name, momentIn(moments, 'exp_avg', shape));
    add(OPTIMIZER_PREFIX.secondMoment, name, momentIn(moments, 'exp_avg_sq', shape));
    steps.add(stepIn(moments));
  }
  const [step = 0, other] = steps;
  if (other !== undefined) throw refusal('one number of steps', [...steps].join(' and '));
  if (epoch === 0 ? step !== 0 : step === 0 || step % epoch !== 0) {
    throw refusal(`a number of steps for ${epoch} whole epochs`, `${step}`);
  }
  return { step, optimizer };
}

/** Finds the state of each parameter of a network, by the network's own names; undefined where no training has begun. */
function statesOf(
  { optimizer, networks, names, epoch }: OptimizedFile,
  { prefix, spec }: FoundNetwork,
): [string, Dictionary | undefined][] {
  const ids = groupOf(optimizer).get('params');
  const numbered = numberParameters(networks, names);
  const states = isDictionary(optimizer) ? optimizer.get('state') : undefined;
  if (!Array.isArray(ids) || ids.length !== numbered.size || !isDictionary(states)) {
    throw refusal(`Adam's state of ${numbered.size} parameters`, 'another');
  }
  const hasBegun = states.size > 0 || epoch > 0;
  return spec.parameters.map(({ name }) => {
    const state = states.get((ids as PyTorchKey[])[numbered.get(prefix + name)!]!);
    if (hasBegun && !isDictionary(state)) throw refusal(`Adam's state of ${name}`, 'none');
    return [name, isDictionary(state) ? state : undefined];
  });
}

/** PyTorch numbers a model's parameters in the order of its state dict, where each that is shared counts once. */
function numberParameters(
  networks: readonly FoundNetwork[],
  names: readonly string[],
): Map<string, number> {
  const firstNames = new Map(
    networks.flatMap(({ prefix, spec }) =>
      spec.parameters.flatMap(({ name, aliases }) =>
        [name, ...aliases].map((own) => [prefix + own, prefix + name] as const),
      ),
    ),
  );
  const inOrder = new Set(names.flatMap((name) => firstNames.get(name) ?? []));
  return new Map([...inOrder].map((name, number) => [name, number]));
}

function freshState(shape: readonly number[]): Dictionary {
  const size = shape.reduce((product, side) => product * side, 1);
  const zeros = (): Safetensor => ({ dtype: 'F32', shape, data: new Float32Array(size) });
  return new Map<PyTorchKey, PyTorchValue>([
    ['step', 0],
    ['exp_avg', zeros()],
    ['exp_avg_sq', zeros()],
  ]);
}

function momentIn(state: Dictionary, key: string, shape: readonly number[]): Safetensor {
  const moment = state.get(key);
  if (!isTensor(moment) || !isFloating(moment) || String(moment.shape) !== String(shape)) {
    throw refusal(`${key} [${shape}]`, 'another');
  }
  const data = toFloat32(moment);
  if (!data.every(Number.isFinite)) throw refusal(`finite numbers in ${key}`, 'others');
  return { dtype: 'F32', shape, data };
}

/** A number, or from PyTorch 1.12 on a tensor of one. */
function stepIn(state: Dictionary): number {
  const step = state.get('step');
  const value = isTensor(step) && step.data.length === 1 ? Number(step.data[0]) : step;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw refusal('a number of steps', 'another');
}

function groupOf(optimizer: PyTorchValue | undefined): Dictionary {
  if (!isDictionary(optimizer)) throw refusal("Adam's state", 'none');
  const groups = optimizer.get('param_groups');
  const [group] = Array.isArray(groups) && groups.length === 1 ? (groups as PyTorchValue[]) : [];
  if (!isDictionary(group)) throw refusal('one group of parameters', 'another number');
  return group;
}

function refusal(expected: string, found: string): SegprobeError {
  return new SegprobeError('CHECKPOINT_INVALID', `optimizer: expected ${expected}, got ${found}`);
}
