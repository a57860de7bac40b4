import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { SegprobeError } from '../../shared/errors.js';
import { run } from './run.js';

/** The programs outside npm that set-up needs. */
export type ToolName = 'python3' | 'pip' | 'g++' | 'make';

/** A program that was found: how to call it, and its version. */
export interface Tool {
  readonly command: readonly string[];
  readonly version: string;
}

/** What was found; a tool that is not there is undefined. */
export type Toolbox = Readonly<Record<ToolName, Tool | undefined>>;

type Distribution = 'apt-get' | 'dnf' | 'zypper' | 'pacman';

const INSTALL: Record<Distribution, string> = {
  'apt-get': 'apt-get install -y',
  dnf: 'dnf install -y',
  zypper: 'zypper install -y',
  pacman: 'pacman -S --noconfirm',
};

const PACKAGES: Record<ToolName, Record<Distribution, string>> = {
  python3: { 'apt-get': 'python3', dnf: 'python3', zypper: 'python3', pacman: 'python' },
  pip: {
    'apt-get': 'python3-pip',
    dnf: 'python3-pip',
    zypper: 'python3-pip',
    pacman: 'python-pip',
  },
  'g++': { 'apt-get': 'g++', dnf: 'gcc-c++', zypper: 'gcc-c++', pacman: 'gcc' },
  make: { 'apt-get': 'make', dnf: 'make', zypper: 'make', pacman: 'make' },
};

/** Looks for the programs that set-up needs, and asks each for its version. */
export async function findTools(env: NodeJS.ProcessEnv): Promise<Toolbox> {
  const python3 = await firstThatRuns(
    [['python3'], ['python']],
    ['--version'],
    env,
    /Python (3[\d.]+)/,
  );
  const asModule = python3 === undefined ? [] : [[...python3.command, '-m', 'pip']];
  const [pip, compiler, make] = await Promise.all([
    firstThatRuns([...asModule, ['pip3'], ['pip']], ['--version'], env, /pip ([\d.]+)/),
    firstThatRuns([[env['CXX'] || 'g++']], ['--version'], env, /(\d+\.[\d.]+)/),
    firstThatRuns([['make']], ['--version'], env, /(\d+\.[\d.]+)/),
  ]);
  return { python3, pip, 'g++': compiler, make };
}

/**
 * The tools that a step needs.
 * @throws SegprobeError `BACKEND_UNAVAILABLE` naming those that are missing.
 */
export async function requireTools<Name extends ToolName>(
  needed: readonly Name[],
  env: NodeJS.ProcessEnv,
): Promise<Readonly<Record<Name, Tool>>> {
  const toolbox = await findTools(env);
  const missing = needed.filter((name) => toolbox[name] === undefined);
  if (missing.length > 0) {
    throw new SegprobeError('BACKEND_UNAVAILABLE', `missing ${missing.join(', ')}`);
  }
  return toolbox as Readonly<Record<Name, Tool>>;
}

/** The one command that is likeliest to make set-up work: what is missing from the distribution's packages, then set-up. */
export function mendCommand(toolbox: Toolbox, env: NodeJS.ProcessEnv): string {
  const missing = (Object.keys(PACKAGES) as ToolName[]).filter(
    (name) => toolbox[name] === undefined,
  );
  return missing.length > 0 ? `${installCommand(missing, env)} && npm run setup` : 'npm run setup';
}

function installCommand(names: readonly ToolName[], env: NodeJS.ProcessEnv): string {
  const distribution = (Object.keys(INSTALL) as Distribution[]).find((name) => isOnPath(name, env));
  // Without a package manager in sight, its Debian words are the best known.
  const manager = distribution ?? 'apt-get';
  const packages = names.map((name) => PACKAGES[name][manager]);
  const asRoot = process.getuid?.() === 0 ? '' : 'sudo ';
  return `${asRoot}${INSTALL[manager]} ${packages.join(' ')}`;
}

function isOnPath(program: string, env: NodeJS.ProcessEnv): boolean {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.some((folder) => existsSync(join(folder, program)));
}

async function firstThatRuns(
  candidates: readonly (readonly string[])[],
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  version: RegExp,
): Promise<Tool | undefined> {
  for (const command of candidates) {
    // A missing program and one that fails are the same to the caller: the next may do.
    const text = await run([...command, ...args], { env, timeoutMs: 20_000 }).catch(() => '');
    const found = version.exec(text)?.[1];
    if (found !== undefined) return { command, version: found };
  }
  return undefined;
}
