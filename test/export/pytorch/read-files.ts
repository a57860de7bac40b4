import { readFileSync } from 'node:fs';
import { readPyTorchCheckpoint } from '../../../src/export/pytorch/index.js';
import { isSegprobeError } from '../../../src/shared/errors.js';

/** What this program prints, as JSON. */
export interface ReadFiles {
  readonly results: readonly {
    readonly file: string;
    /** Of the refusal; `read` for a file that could be read. */
    readonly code: string;
    readonly milliseconds: number;
  }[];
  /** By how much the process's largest size grew. */
  readonly grownBytes: number;
}

/** Reads the files that it is given, one after the other: in a process of its own, to see what memory that takes. */
function main(): void {
  const maxBytes = (): number => process.resourceUsage().maxRSS * 1024;
  const before = maxBytes();
  const results = process.argv.slice(2).map((file) => {
    const bytes = readFileSync(file);
    const started = performance.now();
    const code = codeOf(bytes, file);
    return { file, code, milliseconds: Math.round(performance.now() - started) };
  });
  const report: ReadFiles = { results, grownBytes: maxBytes() - before };
  process.stdout.write(JSON.stringify(report));
}

function codeOf(bytes: Uint8Array, file: string): string {
  try {
    readPyTorchCheckpoint(bytes, file);
    return 'read';
  } catch (error) {
    if (isSegprobeError(error)) return error.code;
    throw error;
  }
}

main();
