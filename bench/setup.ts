import { spawnSync } from 'node:child_process';
import { PEERS_FOLDER, peersPython } from './python.js';

/** What the peers import, and where each comes from on PyPI: with everything that torch asks for, some 5 GB. */
const PACKAGES = {
  torch: 'torch==2.13.*',
  openvino: 'openvino==2026.*',
  numpy: 'numpy',
  PIL: 'pillow',
  cleanlab: 'cleanlab==2.*',
  scipy: 'scipy',
} as const;

/**
 * Makes the programs importable that benchmarks stand beside. What python3 has already is used as it is; the rest is put by pip
 * into a virtual environment beside the repository, which benchmarks find there.
 *
 * @param say - takes lines for the person who waits.
 * @throws Error where python3 or one of its tools fails.
 */
export function setUpPeers(say: (line: string) => void): void {
  const missing = missingPackages(peersPython());
  if (missing.length === 0) {
    say(`${peersPython()} has ${Object.keys(PACKAGES).join(', ')}: nothing to do`);
    return;
  }
  say(`puts ${missing.join(', ')} into ${PEERS_FOLDER}`);
  // What the machine's own python3 has need not be fetched again.
  run('python3', ['-m', 'venv', '--system-site-packages', PEERS_FOLDER]);
  const python = `${PEERS_FOLDER}/bin/python`;
  run(python, ['-m', 'pip', 'install', '--only-binary', ':all:', ...missing]);
  const left = missingPackages(python);
  if (left.length > 0) throw new Error(`expected pip to install ${left.join(', ')}, got none`);
  say(`done: ${python}`);
}

/** The packages of {@link PACKAGES} that `python` does not find, by their names on PyPI. */
function missingPackages(python: string): string[] {
  const names = JSON.stringify(Object.keys(PACKAGES));
  const script =
    'import importlib.util, json\n' +
    `print(json.dumps([n for n in ${names} if importlib.util.find_spec(n) is None]))`;
  const { stdout, status } = spawnSync(python, ['-c', script], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`expected ${python} to run; install Python 3.10 or newer`);
  return (JSON.parse(stdout) as (keyof typeof PACKAGES)[]).map((name) => PACKAGES[name]);
}

function run(program: string, args: readonly string[]): void {
  const { status } = spawnSync(program, args, { stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error(`expected ${program} ${args.join(' ')} to succeed`);
}
