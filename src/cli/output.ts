/** Writes a result line to stdout. */
export function printLine(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Writes the one JSON object of a `--json` run to stdout. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Writes a message for the person at the terminal to stderr, so that stdout holds results alone. */
export function printMessage(text: string): void {
  process.stderr.write(`${text}\n`);
}
