import { type Command, InvalidArgumentError, Option } from 'commander';
import { checkDataset, NEAR_BITS } from '../data/check/check-dataset.js';
import { FAULT_KINDS, type Fault, type FaultKind } from '../data/check/fault.js';
import { MAX_DISTANCE } from '../data/check/near-pairs.js';
import { SPLITS, type Split } from '../data/dataset.js';
import { writeFileWhole } from '../data/files.js';
import { findLayout, LAYOUT_NAMES } from '../data/open-dataset.js';
import { formatFaults, formatSummary, type DataCheckResult } from './data-check-text.js';
import { EXIT } from './exit-codes.js';
import { withInterrupt } from './interrupt.js';
import { integerBetween, positiveInteger } from './numbers.js';
import { printJson, printLine, printMessage } from './output.js';
import { formatDuration, startProgress, type Progress } from './progress.js';

interface DataCheckFlags {
  readonly dataset: string;
  readonly datasetDir: string;
  readonly split?: Split;
  readonly near: number;
  readonly ignore?: readonly FaultKind[];
  readonly limit: number;
  readonly out?: string;
  readonly json?: boolean;
}

/** `segprobe data check` */
export function configureDataCheck(command: Command): void {
  command
    .addOption(
      new Option('--dataset <name>', 'kind of data set').choices(LAYOUT_NAMES).default('camvid'),
    )
    .requiredOption('--dataset-dir <dir>', 'folder of the data set')
    .addOption(new Option('--split <split>', 'check this one alone').choices(SPLITS))
    .option(
      '--near <bits>',
      'pictures are nearly the same up to so many differing bits of 256, 0 to 31',
      integerBetween(0, MAX_DISTANCE),
      NEAR_BITS,
    )
    .option('--ignore <kinds>', 'kinds of faults to pass over, with commas between', kinds)
    .option('--limit <n>', 'print at most n faults of a kind', positiveInteger, 10)
    .option('--out <file>', 'write all that is found to a file, as JSON')
    .option('--json', 'print all that is found as one JSON object')
    .addHelpText('after', help())
    .action(async (flags: DataCheckFlags) => {
      const result = await check(flags);
      if (flags.out !== undefined) {
        await writeFileWhole(flags.out, `${JSON.stringify(result, null, 2)}\n`);
      }
      if (flags.json) printJson(result);
      else {
        printLine(formatSummary(result));
        printLine(formatFaults(result, flags.limit));
      }
      if (result.faults.length > 0) process.exitCode = EXIT.failed;
    });
}

async function check(flags: DataCheckFlags): Promise<DataCheckResult> {
  const { dataset, datasetDir: dir, near } = flags;
  const layout = await findLayout({ name: dataset, dir });
  const splits = flags.split === undefined ? await layout.findSplits() : [flags.split];
  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) / 1000;
  let progress: Progress | undefined;
  const announce = (): void =>
    (progress?.log ?? printMessage)('stopping; Ctrl-C again ends at once');
  try {
    const found = await withInterrupt(announce, (signal) =>
      checkDataset(layout, {
        splits,
        nearBits: near,
        signal,
        onProgress: (done, total) => {
          progress ??= startProgress(`checking ${dataset}`, total);
          const speed = done / elapsed();
          const left = formatDuration((total - done) / speed);
          progress.update(done, `, ${speed.toFixed(1)} images/s, ${left} left`);
          if (done < total) return;
          progress.stop();
          progress = undefined;
        },
        onCompared: (done, total) => {
          progress ??= startProgress('comparing pictures', total);
          progress.update(done);
        },
      }),
    );
    const scenes = found.splits.reduce((sum, split) => sum + split.scenes, 0);
    const faults = found.faults.filter(({ kind }) => !flags.ignore?.includes(kind));
    return {
      dataset,
      dir,
      scenes,
      splits: found.splits,
      counts: countByKind(faults),
      faults,
      imagesPerSecond: scenes / elapsed(),
    };
  } finally {
    progress?.stop();
  }
}

function countByKind(faults: readonly Fault[]): DataCheckResult['counts'] {
  const counts: Partial<Record<FaultKind, number>> = {};
  for (const { kind } of faults) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function kinds(text: string): FaultKind[] {
  const words = text.split(',').map((word) => word.trim());
  for (const word of words) {
    if (Object.hasOwn(FAULT_KINDS, word)) continue;
    const known = Object.keys(FAULT_KINDS).join(', ');
    throw new InvalidArgumentError(`expected kinds of faults (${known}), got ${word}`);
  }
  return words as FaultKind[];
}

function help(): string {
  const width = Math.max(...Object.keys(FAULT_KINDS).map((kind) => kind.length));
  const rows = Object.entries(FAULT_KINDS).map(
    ([kind, what]) => `  ${kind.padEnd(width)}  ${what}`,
  );
  return `
Kinds of faults:
${rows.join('\n')}

Exits 0 where there is no fault, 1 where there are some.

Examples:
  segprobe data check --dataset camvid --dataset-dir ~/CamVid
  segprobe data check --dataset cityscapes --dataset-dir ~/cityscapes --split val --out faults.json
  segprobe data check --dataset folder --dataset-dir ~/mine --ignore near-duplicate,mixed-sizes

Data sets:
  camvid      train/ trainannot/ …, and train.txt … where they are: lines of two paths, or of one stem
  cityscapes  leftImg8bit/SPLIT/CITY/, gtFine/SPLIT/CITY/, or each in leftImg8bit_trainvaltest/, gtFine_trainvaltest/
  folder      images/, labels/ (PNG, same stems), classes.json: [{"name": "road", "color": [128, 64, 128]}, …] in the
              order of the numbers in labels, or {"classes": […], "ignoreIndex": 0, "labels": "numbers" or "colors"}.
              Not labelled is 255, and ignoreIndex or a class named unlabeled or void. Splits: images/train, labels/train …;
              or lists of stems, train.txt …; or else a fifth of the pictures, by a hash of their stems, is val.`;
}
