import { type Size, type Split } from '../data/dataset.js';
import { openDataset } from '../data/open-dataset.js';
import {
  LEAST_AGREEMENT,
  type RuntimeVerification,
  verifyEverywhere,
} from '../export/verify/verify-everywhere.js';
import { type OpenedModel, openModels } from '../inference/open-model.js';
import { SegprobeError } from '../shared/errors.js';
import { EXIT } from './exit-codes.js';
import { withInterrupt } from './interrupt.js';
import { printJson, printLine, printMessage } from './output.js';
import { formatTable } from './tables.js';

export interface VerifyModelsFlags {
  /** One model; undefined for all of the folder. */
  readonly name: string | undefined;
  readonly models: string;
  readonly dataset: string;
  readonly datasetDir?: string | undefined;
  readonly split: Split;
  readonly limit: number;
  readonly json?: boolean | undefined;
}

/** Runs exported models on every runtime of this machine, prints the table, and sets the exit code where one differs. */
export async function verifyModels(flags: VerifyModelsFlags): Promise<void> {
  const models = chooseModels(await openModels(flags.models), flags);
  const pictures = createPictures(flags);
  const rows = await withInterrupt(
    () => printMessage('stopping; Ctrl-C again ends at once'),
    (signal) =>
      verifyEverywhere(models, {
        pictures,
        signal,
        onRow: (row) => printMessage(`${runtimeOf(row)}: ${fileOf(row)}: ${row.problem ?? 'ran'}`),
      }),
  );
  const isSame = rows.every(({ found }) => found === null || found.isSame);
  if (flags.json) printJson({ isSame, leastAgreement: LEAST_AGREEMENT, rows });
  else printLine(formatVerifications(rows));
  if (!isSame) process.exitCode = EXIT.failed;
}

function chooseModels(
  models: readonly OpenedModel[],
  { name, models: folder }: VerifyModelsFlags,
): readonly OpenedModel[] {
  const chosen = models.filter((model) => name === undefined || model.name === name);
  if (chosen.length > 0) return chosen;
  throw new SegprobeError(
    'MODEL_NOT_FOUND',
    `${folder}: expected one of ${models.map((model) => model.name).join(', ')}, got "${name}" (npx segprobe export --name ${name} writes it)`,
  );
}

/** Reads the first pictures of a split, once for each size. */
function createPictures({ dataset: name, datasetDir, split, limit }: VerifyModelsFlags) {
  return async (size: Size): Promise<Uint8Array[]> => {
    const dataset = await openDataset({ name, dir: datasetDir, split });
    try {
      const count = Math.min(limit, dataset.length);
      const scenes = Array.from({ length: count }, (_, i) => dataset.read(i, size));
      return (await Promise.all(scenes)).map(({ image }) => image);
    } finally {
      await dataset.close();
    }
  };
}

/** The table, and below it why something did not run and what ran elsewhere. */
export function formatVerifications(rows: readonly RuntimeVerification[]): string {
  const notes = new Set<string>();
  const cells = rows.map((row) => {
    const { found, width, height, problem } = row;
    const [file, runtime, size] = [fileOf(row), runtimeOf(row), `${width}×${height}`];
    if (found === null) {
      notes.add(`${runtime}: ${problem}`);
      return [file, runtime, size, 'not here', '', '', ''];
    }
    const elsewhere = Object.entries(found.nodesElsewhere);
    for (const [operator, count] of elsewhere) {
      notes.add(`${file} on ${runtime}: ${count} ${operator} on the CPU`);
    }
    const onIt = elsewhere.reduce((rest, [, count]) => rest - count, found.nodes);
    return [
      file,
      runtime,
      size,
      elsewhere.length === 0 ? `whole (${found.nodes})` : `${onIt} of ${found.nodes}`,
      `${(100 * found.agreement).toFixed(3)} %${found.agreement < LEAST_AGREEMENT ? ' !' : ''}`,
      found.largestDifference?.toExponential(1) ?? '',
      found.medianMs.toFixed(1),
    ];
  });
  const titles = ['model', 'runtime', 'pictures', 'nodes on it', 'equal', 'difference', 'ms'];
  return [formatTable([titles, ...cells]), ...notes].join('\n');
}

function fileOf({ model, form }: RuntimeVerification): string {
  return form === 'onnx' ? `${model}.onnx` : `${model}.${form}.onnx`;
}

function runtimeOf({ package: name, provider, threads, device }: RuntimeVerification): string {
  const detail = device ?? (threads && (threads === 1 ? '1 thread' : `${threads} threads`));
  return `${name} ${provider}${detail === null ? '' : ` (${detail})`}`;
}
