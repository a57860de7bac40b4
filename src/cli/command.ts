import type { Command } from 'commander';

/** What a command's file exports: its options and its action, put on an empty commander command. */
export type ConfigureCommand = (command: Command) => void;

/** A row of the command table. The file behind it is loaded only when the command is asked for. */
export interface CommandEntry {
  readonly name: string;
  readonly alias?: string;
  readonly summary: string;
  readonly load: () => Promise<ConfigureCommand>;
}

/** Flags that every command has, handled in main.ts. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
}
