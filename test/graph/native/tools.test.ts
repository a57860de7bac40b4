import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  findTools,
  mendCommand,
  type Tool,
  type Toolbox,
} from '../../../src/graph/native/tools.js';
import { NO_TOOLS } from './sandbox.js';

describe('findTools', () => {
  let bin: string;
  beforeEach(() => (bin = mkdtempSync(join(tmpdir(), 'segprobe-bin-'))));
  afterEach(() => rmSync(bin, { recursive: true }));
  const install = (name: string, text: string) =>
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });

  it('finds none on an empty PATH', async () => {
    const none = { python3: undefined, pip: undefined, 'g++': undefined, make: undefined };
    assert.deepEqual(await findTools(NO_TOOLS), none);
  });

  it('asks each tool for its version', async () => {
    install(
      'python3',
      '[ "$2" = pip ] && echo "pip 24.0 from x (python 3.12)" || echo Python 3.12.1',
    );
    install('g++', 'echo "g++ (Debian 12.2.0-14) 12.2.0"');
    install('make', 'echo "GNU Make 4.3"');
    const { python3, pip, make, 'g++': compiler } = await findTools({ PATH: bin });
    assert.deepEqual(python3, { command: ['python3'], version: '3.12.1' });
    assert.deepEqual(pip, { command: ['python3', '-m', 'pip'], version: '24.0' });
    assert.equal(compiler?.version, '12.2.0');
    assert.equal(make?.version, '4.3');
  });

  it('takes a pip of its own where Python has none', async () => {
    install('python3', '[ "$1" = -m ] && exit 1; echo Python 3.9.2');
    install('pip3', 'echo "pip 23.1 from x (python 3.9)"');
    const { pip } = await findTools({ PATH: bin });
    assert.deepEqual(pip, { command: ['pip3'], version: '23.1' });
  });

  it('does not take Python 2 for Python', async () => {
    install('python', 'echo Python 2.7.18');
    assert.equal((await findTools({ PATH: bin })).python3, undefined);
  });
});

describe('mendCommand', () => {
  const tool: Tool = { command: ['x'], version: '1' };
  const all: Toolbox = { python3: tool, pip: tool, 'g++': tool, make: tool };
  const sudo = process.getuid?.() === 0 ? '' : 'sudo ';

  for (const { manager, expected } of [
    { manager: 'apt-get', expected: 'apt-get install -y python3-pip g++' },
    { manager: 'dnf', expected: 'dnf install -y python3-pip gcc-c++' },
    { manager: 'zypper', expected: 'zypper install -y python3-pip gcc-c++' },
    { manager: 'pacman', expected: 'pacman -S --noconfirm python-pip gcc' },
  ]) {
    it(`speaks the words of ${manager}`, () => {
      const bin = mkdtempSync(join(tmpdir(), 'segprobe-bin-'));
      writeFileSync(join(bin, manager), '');
      const command = mendCommand({ ...all, pip: undefined, 'g++': undefined }, { PATH: bin });
      assert.equal(command, `${sudo}${expected} && npm run setup`);
      rmSync(bin, { recursive: true });
    });
  }

  it('is set-up itself where every tool is there', () => {
    assert.equal(mendCommand(all, NO_TOOLS), 'npm run setup');
  });
});
