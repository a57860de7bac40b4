import { type Command, Option } from 'commander';
import {
  environmentName,
  flagName,
  readConfig,
  type FoundConfig,
} from '../serve/config/read-config.js';
import { configSchema, DEFAULT_CONFIG, type Setting } from '../serve/config/schema.js';

/** The settings that only file and environment give: a command line is seen by every user of the machine. */
const WITHOUT_FLAG: readonly Setting[] = ['apiKeys'];

/** Adds the flags of settings, and `--config`. */
export function addConfigFlags(command: Command, settings: readonly Setting[]): Command {
  for (const key of settings.filter((own) => !WITHOUT_FLAG.includes(own))) {
    command.addOption(optionOf(key));
  }
  return command
    .option('--config <file>', 'JSON file of settings (or SEGPROBE_CONFIG)')
    .addHelpText(
      'after',
      `\nEvery setting may also stand in the environment (${environmentName('maxQueue')}) or in the file ("maxQueue"); flags come first.`,
    );
}

/** Puts flags, environment and file together; see `readConfig`. */
export function readFlags(command: Command, settings: readonly Setting[]): Promise<FoundConfig> {
  // Commander has defaults for switches of its own.
  const typed = (name: string): unknown =>
    command.getOptionValueSource(name) === 'cli' ? command.getOptionValue(name) : undefined;
  const flags = settings.map((key) => [key, typed(key === 'datasets' ? 'dataset' : key)]);
  return readConfig({
    flags: Object.fromEntries(flags) as Partial<Record<Setting, unknown>>,
    env: process.env,
    file: typed('config') as string | undefined,
  });
}

function optionOf(key: Setting): Option {
  const schema = configSchema.shape[key];
  const { description = '', argument } = schema.meta() as {
    description?: string;
    argument?: string;
  };
  const fallback: unknown = DEFAULT_CONFIG[key];
  const name = flagName(key);
  // No default of commander's: what is not typed is left to the other sources.
  if (argument === undefined) {
    return fallback === true
      ? new Option(name.replace('--', '--no-'), `do not ${description}`)
      : new Option(name, description);
  }
  const isShown = typeof fallback === 'string' || typeof fallback === 'number';
  const shown = isShown ? ` (default: ${fallback})` : '';
  const option = new Option(`${name} ${argument}`, description + shown);
  if (key !== 'datasets') return option;
  return option.argParser((text: string, before: string[] = []) => [...before, text]);
}
