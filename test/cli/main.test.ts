import assert from 'node:assert/strict';
import { COMMANDS } from '../../src/cli/commands.js';
import { type Outcome, runMains, segprobe } from '../support/cli.js';

const WRONG: { args: string[]; message: RegExp }[] = [
  {
    args: ['trian'],
    message: /unknown command 'trian'\n\(Did you mean train\?\)\n\(see segprobe --help\)/,
  },
  { args: ['qqqqqq'], message: /unknown command 'qqqqqq'\n\(see segprobe --help\)/ },
  {
    args: ['train', '--epoch', '3'],
    message: /unknown option '--epoch'\n\(Did you mean --epochs\?\)\n\(see segprobe train --help\)/,
  },
  { args: ['train', 'now'], message: /too many arguments/ },
  { args: ['train', '--lr'], message: /argument missing/ },
  { args: ['train', '--lr', 'fast'], message: /expected a number, got fast/ },
  {
    args: ['train', '--learning-rate', '0'],
    message: /--learning-rate: expected a number above 0, got 0/,
  },
  { args: ['train', '--epochs', '0'], message: /'--epochs <n>' argument '0' is invalid/ },
  {
    args: ['train', '--batch-size', '-1'],
    message: /'-b, --batch-size <n>' argument '-1' is invalid/,
  },
  { args: ['train', '--seed', '1e99'], message: /expected a whole number, got 1e99/ },
  {
    args: ['train', '--height', '100'],
    message: /--height: expected a multiple of 8, got 100 \[USAGE\]/,
  },
  { args: ['train', '--schedule', 'linear'], message: /Allowed choices are step, poly, cosine/ },
  { args: ['train', '--dataset', 'mnist'], message: /Allowed choices are camvid/ },
  {
    args: ['train', '--resume', '--overwrite'],
    message: /cannot be used with option '--overwrite'/,
  },
  {
    args: ['train', '--resume', '--pretrained', 'a'],
    message: /cannot be used with option '--resume'/,
  },
  {
    args: ['train', '--save-dir', '/dev/null/x', '--name', 'a/b'],
    message: /expected the name of a checkpoint.*got "a\/b"/,
  },
  { args: ['train', '--name', '..'], message: /expected the name of a checkpoint.*got ".."/ },
  { args: ['train', '--name', ''], message: /expected the name of a checkpoint.*got ""/ },
  {
    args: ['train', '--pretrained', '../a'],
    message: /expected the name of a checkpoint.*got "..\/a"/,
  },
  { args: ['test', '--name', '.'], message: /expected the name of a checkpoint/ },
  { args: ['test', '--split', 'all'], message: /Allowed choices are train, val, test/ },
  { args: ['test', '--limit', '0'], message: /expected a number above 0, got 0/ },
];

const FAILING = ['test', '--save-dir', '/nowhere', '--name', 'none', '--json'];

describe('main', function () {
  this.timeout(30_000);
  let helps: Outcome[];
  let refusals: Outcome[];
  let others: Outcome[];

  before(async () => {
    const lines = [
      ...COMMANDS.map(({ name }) => [name, '--help']),
      ...WRONG.map(({ args }) => args),
      ['--version'],
      ['help', 'train'],
      FAILING,
      [...FAILING, '--verbose'],
    ];
    const outcomes = await runMains(lines);
    helps = outcomes.splice(0, COMMANDS.length);
    refusals = outcomes.splice(0, WRONG.length);
    others = outcomes;
  });

  it('prints the help and exits 0 where nothing is asked, as a process', async () => {
    const { code, stdout, stderr } = await segprobe();
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^Usage: segprobe \[options\] \[command\]\n/);
    const text = stdout.replace(/\s+/g, ' ');
    for (const { name, alias, summary } of COMMANDS) {
      const usage = alias === undefined ? name : `${name}|${alias}`;
      assert.ok(text.includes(`${usage} [options]`) && text.includes(summary), name);
    }
  });

  COMMANDS.forEach(({ name }, i) => {
    it(`prints the help of ${name} and exits 0`, () => {
      const { code, stdout, stderr } = helps[i]!;
      assert.deepEqual([code, stderr], [0, '']);
      assert.match(stdout, new RegExp(`^Usage: segprobe ${name}`));
      assert.match(stdout, /--verbose/);
    });
  });

  WRONG.forEach(({ args, message }, i) => {
    it(`exits 2 on ${args.map((word) => word || "''").join(' ')}`, () => {
      const { code, stdout, stderr } = refusals[i]!;
      assert.match(stderr, message);
      assert.deepEqual([code, stdout], [2, '']);
    });
  });

  it('prints the version, and the help of a command that is asked by name', () => {
    const [version, help] = others;
    assert.equal(version!.code, 0);
    assert.match(version!.stdout, /^\d+\.\d+\.\d+\S*\n$/);
    assert.deepEqual(help, helps[COMMANDS.findIndex(({ name }) => name === 'train')]);
  });

  it('exits 1 with one line, its code, and the stack only if asked', () => {
    const [, , plain, verbose] = others;
    assert.deepEqual([plain!.code, plain!.stdout], [1, '']);
    const line = /^segprobe: \/nowhere\/none: expected a checkpoint.* \[CHECKPOINT_NOT_FOUND\]\n$/;
    assert.match(plain!.stderr, line);
    assert.match(verbose!.stderr, /\n {4}at /);
  });
});
