import { Command, CommanderError } from 'commander';
import { isSegprobeError, messageOf } from '../shared/errors.js';
import { COMMANDS } from './commands.js';
import { EXIT } from './exit-codes.js';
import { packageVersion } from '../data/package-version.js';

/**
 * Runs the command line.
 *
 * @param args - the words after `segprobe`.
 * @returns the exit code. Messages go to stderr, results to stdout.
 */
export async function main(args: readonly string[]): Promise<number> {
  const verbose = args.includes('--verbose');
  ignoreClosedOutput();
  try {
    const program = await createProgram(args);
    await program.parseAsync([...args], { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : EXIT.done;
  } catch (error) {
    // Commander has printed its own message (or the help) already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    const code = isSegprobeError(error)
      ? ` [${error.code}]`
      : verbose
        ? ''
        : ' (a fault of segprobe itself; --verbose shows where)';
    process.stderr.write(`segprobe: ${messageOf(error)}${code}\n`);
    if (verbose && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    if (isSegprobeError(error, 'USAGE')) return EXIT.usage;
    return isSegprobeError(error, 'CANCELLED') ? EXIT.interrupted : EXIT.failed;
  }
}

async function createProgram(args: readonly string[]): Promise<Command> {
  const program = new Command('segprobe')
    .description(
      'Finds the faults of a semantic-segmentation model and of the data it learned from.',
    )
    .version(packageVersion())
    .showSuggestionAfterError()
    .showHelpAfterError('(see segprobe --help)')
    .exitOverride();
  for (const { name, alias, summary, load } of COMMANDS) {
    const command = program.command(name).description(summary);
    if (alias !== undefined) command.alias(alias);
    if (args.some((word) => word === name || word === alias)) (await load())(command);
    command
      .option('--verbose', 'print the stack of an error')
      .showHelpAfterError(`(see segprobe ${name} --help)`);
  }
  program.addHelpText('after', '\nsegprobe COMMAND --help shows the options of a command.');
  if (args.length === 0) program.help();
  return program;
}

let isIgnoring = false;

/** A reader that has gone (`segprobe … | head`, a terminal that was closed) ends no training before it is saved. */
function ignoreClosedOutput(): void {
  if (isIgnoring) return;
  isIgnoring = true;
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}
