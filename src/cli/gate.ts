import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { z } from 'zod';
import { fromFileError, writeFileWhole } from '../data/files.js';
import {
  checkGate,
  type GatedReport,
  gatedReport,
  type GateOutcome,
  type GateThresholds,
  gateThresholds,
} from '../report/gate/check-gate.js';
import { toJunit, toMarkdown } from '../report/gate/gate-output.js';
import { messageOf, SegprobeError } from '../shared/errors.js';
import { EXIT } from './exit-codes.js';
import { printJson, printLine } from './output.js';

interface GateFlags {
  readonly thresholds: string;
  readonly baseline?: string;
  readonly junit?: string;
  readonly markdown?: string;
  readonly json?: boolean;
}

const NOTES = `
The thresholds are a JSON file with any of these; shares are in 0..1:
  {
    "miou": 0.65,                       the mIoU on clean pictures is at least this
    "miouAttacked": 0.10,               the mIoU under the report's attacker is at least this
    "miouAtEpsilon": {"4/255": 0.2},    … under shares of its change: the mIoU at these greatest changes of a colour
    "classes": {"pedestrian": 0.3},     the IoU of a class is at least this
    "worstClass": 0.02,                 the IoU of every class is at least this
    "suspects": 20,                     at most so many regions inside objects look wrongly labelled (score 0.5 and more)
    "confident": true,                  hold the low ends of the 95 % intervals to the mIoUs, not the figures themselves
    "drop": 0.01                        with --baseline: the mIoUs fall by no more than this, unless that may be chance (95 %)
  }

Exits 0 where all of it holds, 4 where something does not.

Examples:
  segprobe gate report/report.json --thresholds gate.json
  segprobe gate new/report.json --thresholds gate.json --baseline old/report.json --junit gate.xml --markdown gate.md`;

/** `segprobe gate` */
export function configureGate(command: Command): void {
  command
    .argument('<report>', 'report.json that segprobe report wrote')
    .requiredOption('--thresholds <file>', 'JSON file of what must hold')
    .option('--baseline <file>', 'report.json of the same images to compare with')
    .option('--junit <file>', 'write the outcome as JUnit XML')
    .option('--markdown <file>', 'write the outcome as Markdown')
    .option('--json', 'print the outcome as one JSON object')
    .addHelpText('after', NOTES)
    .action(async (file: string, flags: GateFlags) => {
      const outcome = await gate(file, flags);
      if (flags.junit !== undefined) await writeFileWhole(flags.junit, toJunit(outcome));
      if (flags.markdown !== undefined) await writeFileWhole(flags.markdown, toMarkdown(outcome));
      if (flags.json) printJson(outcome);
      else printLine(formatOutcome(outcome));
      if (!outcome.holds) process.exitCode = EXIT.gate;
    });
}

async function gate(file: string, flags: GateFlags): Promise<GateOutcome> {
  const read = async <T>(path: string, schema: z.ZodType<T>, what: string): Promise<T> => {
    const parsed = schema.safeParse(await readJson(path, what));
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0]!;
    const at = issue.path.length > 0 ? ` at ${issue.path.join('.')}` : '';
    throw new SegprobeError(
      'FILE_INVALID',
      `${path}: expected ${what}, got one that differs${at}: ${issue.message}`,
    );
  };
  const [report, thresholds, baseline]: [GatedReport, GateThresholds, GatedReport | null] = [
    await read(file, gatedReport, 'a report of segprobe report'),
    await read(flags.thresholds, gateThresholds, 'thresholds'),
    flags.baseline === undefined
      ? null
      : await read(flags.baseline, gatedReport, 'a report of segprobe report'),
  ];
  return checkGate(report, thresholds, baseline);
}

async function readJson(file: string, what: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw fromFileError(error, file);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SegprobeError(
      'FILE_INVALID',
      `${file}: expected ${what} as JSON, got ${messageOf(error)}`,
    );
  }
}

function formatOutcome({ holds, checks }: GateOutcome): string {
  const rows = checks.map(({ holds: ok, message }) => `  ${ok ? '✓' : '✗'} ${message}`);
  const failed = checks.filter((check) => !check.holds).length;
  return [...rows, holds ? 'all holds' : `${failed} of ${checks.length} do not hold`].join('\n');
}
