import path from 'node:path';
import { type Command, Option } from 'commander';
import { SPLITS, type Split } from '../data/dataset.js';
import { DATASET_NAMES } from '../data/open-dataset.js';
import type { ExportedAttacker } from '../export/export-attacker.js';
import { readExportable } from '../export/export-model.js';
import type { ExportedVictim } from '../export/export-victim.js';
import { exportPyTorchNames } from '../export/pytorch-names.js';
import { writeTritonRepository } from '../export/triton-repository.js';
import { openModel, openModels } from '../inference/open-model.js';
import { type Precision, PRECISIONS } from '../shared/manifest.js';
import { useDevice } from '../train/device.js';
import { positiveInteger } from './numbers.js';
import { printJson, printLine, printMessage } from './output.js';
import { packageVersion } from '../data/package-version.js';
import { formatPercent } from './scores.js';
import { checkpointFolder } from './training-flags.js';
import { verifyModels } from './verify-models.js';

/** What can be written, and where unless told otherwise. */
const FOLDERS = { onnx: 'models/onnx', 'pytorch-names': 'models/pytorch' } as const;
const FORMATS = Object.keys(FOLDERS) as (keyof typeof FOLDERS)[];

const VERIFY_HELP = `
Examples:
  segprobe export --name camvid
  segprobe export --name camvid --verify --dataset-dir ~/CamVid
  segprobe export --verify --json

--verify runs NAME.onnx, NAME.serve.onnx (for CPUs) and NAME.web.onnx (for WebAssembly) on the runtimes that each is made for: onnxruntime-node on the CPU,
on WebGPU (a GPU's, or the one in Chromium, which is the CPU) and on CUDA, onnxruntime-web in WebAssembly. It tells whether the provider ran every
node, from its own profile; the share of pixels of the same class (of an attacker: of the same colour in 8 bits) as on the CPU node by node; the
largest difference over the largest logit (of an attacker: over white); and the time of a picture. Where two numbers of a pooling window are equal but
for rounding, runtimes may put the maximum at either, and few logits then differ by more than rounding. Exit 1 where a provider leaves nodes to
another or fewer than 99.99 % of pixels are equal.`;

interface ExportFlags {
  readonly name: string;
  readonly saveDir: string;
  readonly out?: string;
  readonly format: (typeof FORMATS)[number];
  readonly optimize: boolean;
  readonly precision: Precision;
  readonly verify?: boolean;
  readonly dataset?: string;
  readonly datasetDir?: string;
  readonly split: Split;
  readonly limit: number;
  readonly triton?: string;
  readonly json?: boolean;
}

/** `segprobe export` */
export function configureExport(command: Command): void {
  command
    .option('--name <name>', 'name of the checkpoint, and of the model', 'ENet')
    .option('--save-dir <dir>', 'folder of the checkpoints', 'save')
    .addOption(
      new Option(
        '--format <format>',
        'onnx, with its manifest; or pytorch-names, safetensors for load_state_dict of PyTorch-ENet',
      )
        .choices(FORMATS)
        .default('onnx'),
    )
    .option('--out <dir>', `folder of the models (default: ${Object.values(FOLDERS).join(' or ')})`)
    .option(
      '--no-optimize',
      'write the graph as it was recorded: PRelu, MaxUnpool, and no NAME.serve.onnx nor NAME.web.onnx',
    )
    .addOption(
      new Option(
        '--precision <precision>',
        'what weights are stored as; float16 halves the file, arithmetic stays float32',
      )
        .choices(PRECISIONS)
        .default('float32'),
    )
    .option(
      '--verify',
      'export nothing: run the model --name, or all of the folder, on every runtime that is here',
    )
    .addOption(
      new Option(
        '--dataset <name>',
        'with --verify: whose pictures (default: camvid with --dataset-dir, else sample)',
      ).choices(DATASET_NAMES),
    )
    .option('--dataset-dir <dir>', 'with --verify: folder of the data set')
    .addOption(
      new Option('--split <split>', 'with --verify: which split').choices(SPLITS).default('val'),
    )
    .option('--limit <n>', 'with --verify: how many pictures', positiveInteger, 3)
    .option(
      '--triton <dir>',
      'export nothing: write the model --name, or all of the folder, as a model repository for Triton',
    )
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', VERIFY_HELP)
    .action(async (flags: ExportFlags, command: Command) => {
      if (flags.verify) return verify(flags, command);
      if (flags.triton !== undefined) return writeTriton(flags.triton, flags, command);
      if (flags.format === 'pytorch-names') return exportNames(flags);
      const { name, json, precision, optimize: isOptimized } = flags;
      const outDir = flags.out ?? FOLDERS.onnx;
      // Before TensorFlow is started, or even set up: a wrong name is told at once.
      const checkpoint = await readExportable(checkpointFolder(flags));
      await useDevice('cpu', printMessage);
      const segprobeVersion = packageVersion();
      const exported = await checkpoint.export({
        ...{ name, outDir, segprobeVersion, isOptimized, precision },
      });
      if (json) {
        printJson(exported);
        return;
      }
      const { file, manifest, verification } = exported;
      printLine(`${file}: ${formatBytes(manifest.file.bytes)}, opset ${manifest.opset}`);
      printLine(`ONNX Runtime beside TensorFlow: ${agreementOf(verification)}`);
    });
}

function verify(flags: ExportFlags, command: Command): Promise<void> {
  const { datasetDir, split, limit, json } = flags;
  const name = command.getOptionValueSource('name') === 'default' ? undefined : flags.name;
  const dataset = flags.dataset ?? (datasetDir === undefined ? 'sample' : 'camvid');
  const models = flags.out ?? FOLDERS.onnx;
  return verifyModels({ name, models, dataset, datasetDir, split, limit, json });
}

async function writeTriton(folder: string, flags: ExportFlags, command: Command): Promise<void> {
  const models = flags.out ?? FOLDERS.onnx;
  const isNamed = command.getOptionValueSource('name') !== 'default';
  const chosen = isNamed
    ? [await openModel(path.join(models, `${flags.name}.onnx`))]
    : await openModels(models);
  const written = await writeTritonRepository(chosen, folder);
  if (flags.json) printJson({ models: written });
  else for (const { name, form, folder: own } of written) printLine(`${own}: ${name}, ${form}`);
}

async function exportNames(flags: ExportFlags): Promise<void> {
  const outDir = flags.out ?? FOLDERS['pytorch-names'];
  const exported = await exportPyTorchNames(checkpointFolder(flags), { name: flags.name, outDir });
  const { file, bytes, tensors } = exported;
  if (flags.json) printJson(exported);
  else printLine(`${file}: ${formatBytes(bytes)}, ${tensors} tensors by PyTorch-ENet's names`);
}

/** How near ONNX Runtime came to TensorFlow, in words. */
function agreementOf(verification: (ExportedVictim | ExportedAttacker)['verification']): string {
  if ('pictureDifference' in verification) {
    const difference = verification.pictureDifference.toExponential(1);
    return `attacked pictures differ by at most ${difference} of white`;
  }
  const { logitDifference, labelAgreement } = verification;
  return (
    `logits differ by at most ${logitDifference.toExponential(1)} of the largest, ` +
    `${formatPercent(labelAgreement)} of pixels have the same class`
  );
}

function formatBytes(bytes: number): string {
  return bytes < 1e5 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(2)} MB`;
}
