import assert from 'node:assert/strict';
import { readAdamOptions, readAdamState } from '../../../src/export/import/adam-state.js';
import { detectNetworks, type FoundNetwork } from '../../../src/export/import/detect-networks.js';
import type { PyTorchValue } from '../../../src/export/pytorch/index.js';
import type { Safetensor } from '../../../src/shared/safetensors.js';
import type { NamedTensors } from '../../../src/train/packing.js';
import { attackerTensors, prefixed, victimTensors } from './networks.js';

const OPTIONS = { lr: 5e-5, initial_lr: 5e-4, betas: [0.9, 0.999], eps: 1e-8, weight_decay: 2e-4 };
const STEP = 74;
const BUFFER = /(running_mean|running_var|num_batches_tracked)$/;

const filled = (shape: readonly number[], value: number): Safetensor => ({
  dtype: 'F32',
  shape,
  data: new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(value),
});

/** The names of a model's parameters as PyTorch numbers them: in the file's order, each that is shared once. */
function numbered(tensors: NamedTensors, networks: readonly FoundNetwork[]): string[] {
  const aliases = networks.flatMap(({ prefix, spec }) =>
    spec.parameters.flatMap((parameter) => parameter.aliases.map((alias) => prefix + alias)),
  );
  return [...tensors.keys()].filter((name) => !BUFFER.test(name) && !aliases.includes(name));
}

interface Change {
  /** How many of the parameters have a state, from the first on. */
  readonly count?: number;
  readonly group?: Readonly<Record<string, PyTorchValue>>;
  readonly state?: Readonly<Record<string, PyTorchValue>>;
}

/** A file's networks, and a way to read Adam's state, in which the moments of parameter number i are i and i + 0.5. */
function setUp(tensors: NamedTensors) {
  const networks = detectNetworks(tensors, 'x.pt');
  const names = numbered(tensors, networks);
  const id = (i: number): number => 140419002806488 + 72 * i;
  const optimizerOf = ({ count = names.length, group, state }: Change): PyTorchValue => {
    const states = names.slice(0, count).map((name, i): [number, PyTorchValue] => {
      const { shape } = tensors.get(name)!;
      const own = { step: STEP, exp_avg: filled(shape, i), exp_avg_sq: filled(shape, i + 0.5) };
      return [id(i), new Map(Object.entries({ ...own, ...state }))];
    });
    const groups = [
      new Map(Object.entries({ ...OPTIONS, params: names.map((_, i) => id(i)), ...group })),
    ];
    return new Map<string, PyTorchValue>([
      ['state', new Map(states)],
      ['param_groups', groups],
    ]);
  };
  const read = (change: Change = {}, epoch = 2, network = networks[0]!) => {
    const file = { optimizer: optimizerOf(change), networks, names: [...tensors.keys()], epoch };
    return readAdamState(file, network);
  };
  return { networks, names, optimizerOf, read };
}

function assertMoments(optimizer: NamedTensors, prefix: string, names: readonly string[]): void {
  names.forEach((name, i) => {
    if (!name.startsWith(prefix)) return;
    const own = name.slice(prefix.length);
    const [first, second] = ['exp_avg.', 'exp_avg_sq.'].map((kind) => optimizer.get(kind + own)!);
    assert.equal(first!.data[0], i, name);
    assert.equal(second!.data[0], i + 0.5, name);
  });
}

describe('readAdamState', () => {
  const enet = setUp(victimTensors('enet', 12));
  const { spec, weights } = enet.networks[0]!;

  it('finds the moments of each parameter by its number', () => {
    const { step, optimizer } = enet.read();
    assert.equal(step, STEP);
    assertMoments(optimizer, '', enet.names);
    assert.equal(optimizer.size, weights.size + 2 * spec.parameters.length);
    assert.equal(
      optimizer.get('weights.transposed_conv.weight'),
      weights.get('transposed_conv.weight'),
    );
  });

  it('counts a shared parameter once, as PyTorch does', () => {
    const { read, names } = setUp(victimTensors('enet-2018', 20));
    assertMoments(read().optimizer, '', names);
  });

  it('counts through both networks of a file, and finds the one that was trained', () => {
    const victim = prefixed('bboxmodel.', victimTensors('enet-2018', 20));
    const { networks, names, read } = setUp(new Map([...attackerTensors(), ...victim]));
    // 291: as many as the optimizer of the Malicious Autoencoder's published file has.
    assert.equal(names.length, 291);
    assertMoments(read({ count: 3 }, 2, networks[0]).optimizer, '', names.slice(0, 3));
    assert.throws(() => read({ count: 3 }, 2, networks[1]), {
      code: 'CHECKPOINT_INVALID',
      message: "optimizer: expected Adam's state of initial_block.main_branch.weight, got none",
    });
    assertMoments(read({}, 2, networks[1]).optimizer, 'bboxmodel.', names);
  });

  it('reads a number of steps that is a tensor, as from PyTorch 1.12 on', () => {
    assert.equal(enet.read({ state: { step: filled([], STEP) } }).step, STEP);
  });

  it('begins where the optimizer has not begun', () => {
    const { step, optimizer } = enet.read({ count: 0 }, 0);
    assert.equal(step, 0);
    assert.deepEqual(optimizer.get('exp_avg.transposed_conv.weight'), filled([16, 12, 3, 3], 0));
  });

  const refused: { name: string; change: Change; epoch?: number; message: RegExp }[] = [
    {
      name: 'an optimizer that has not begun after an epoch',
      change: { count: 0 },
      message: /Adam's state of initial_block/,
    },
    {
      name: 'one that lacks a parameter',
      change: { count: enet.names.length - 1 },
      message: /Adam's state of transposed_conv\.weight, got none/,
    },
    {
      name: 'one of another number of parameters',
      change: { group: { params: [1, 2] } },
      message: /Adam's state of 358 parameters/,
    },
    {
      name: 'another beta',
      change: { group: { betas: [0.5, 0.999] } },
      message: /betas 0\.9 and 0\.999/,
    },
    { name: 'another eps', change: { group: { eps: 1e-3 } }, message: /eps 1e-8/ },
    { name: 'AMSGrad', change: { group: { amsgrad: true } }, message: /plain Adam, got amsgrad/ },
    {
      name: 'AdamW',
      change: { group: { decoupled_weight_decay: true } },
      message: /plain Adam, got decoupled/,
    },
    {
      name: 'a step that does not make whole epochs',
      change: {},
      epoch: 3,
      message: /steps for 3 whole epochs, got 74/,
    },
    {
      name: 'steps before the first epoch',
      change: {},
      epoch: 0,
      message: /steps for 0 whole epochs, got 74/,
    },
    { name: 'a step that is none', change: { state: { step: -1 } }, message: /a number of steps/ },
    {
      name: 'a moment of another shape',
      change: { state: { exp_avg: filled([2], 0) } },
      message: /exp_avg \[13,3,3,3\]/,
    },
    {
      name: 'a moment that is not finite',
      change: { state: { exp_avg: filled([13, 3, 3, 3], NaN) } },
      message: /finite numbers in exp_avg/,
    },
    {
      name: 'no moment',
      change: { state: { exp_avg_sq: null } },
      message: /exp_avg_sq \[13,3,3,3\]/,
    },
  ];
  for (const { name, change, epoch, message } of refused) {
    it(`refuses ${name}`, () => {
      assert.throws(() => enet.read(change, epoch), { code: 'CHECKPOINT_INVALID', message });
    });
  }

  it('refuses steps that differ from parameter to parameter', () => {
    const optimizer = enet.optimizerOf({}) as Map<string, Map<number, Map<string, PyTorchValue>>>;
    [...optimizer.get('state')!.values()].at(-1)!.set('step', 37);
    const file = { optimizer, networks: enet.networks, names: enet.names, epoch: 1 };
    assert.throws(() => readAdamState(file, enet.networks[0]!), {
      message: /one number of steps, got 74 and 37/,
    });
  });
});

describe('readAdamOptions', () => {
  const optimizerOf = (group: Record<string, PyTorchValue>): PyTorchValue =>
    new Map<string, PyTorchValue>([
      ['param_groups', [new Map(Object.entries({ ...OPTIONS, ...group }))]],
    ]);

  it('reads the rate before a schedule lowered it', () => {
    const options = readAdamOptions(optimizerOf({}));
    assert.deepEqual(options, { learningRate: 5e-4, weightDecay: 2e-4 });
  });

  it('reads the rate where there was no schedule', () => {
    const group = Object.entries(OPTIONS).filter(([key]) => key !== 'initial_lr');
    const optimizer = new Map<string, PyTorchValue>([['param_groups', [new Map(group)]]]);
    assert.equal(readAdamOptions(optimizer).learningRate, 5e-5);
  });

  for (const [name, optimizer] of [
    ['no optimizer', undefined],
    ['something else', 'adam'],
    ['two groups', new Map([['param_groups', [new Map(), new Map()]]])],
    ['a rate that is none', optimizerOf({ initial_lr: 'fast' })],
  ] as [string, PyTorchValue | undefined][]) {
    it(`refuses ${name}`, () => {
      assert.throws(() => readAdamOptions(optimizer), {
        code: 'CHECKPOINT_INVALID',
        message: /^optimizer: expected/,
      });
    });
  }
});
