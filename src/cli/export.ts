import { type Command, Option } from 'commander';
import type { ExportedAttacker } from '../export/export-attacker.js';
import { readExportable } from '../export/export-model.js';
import type { ExportedVictim } from '../export/export-victim.js';
import { exportPyTorchNames } from '../export/pytorch-names.js';
import { useDevice } from '../train/device.js';
import { printJson, printLine, printMessage } from './output.js';
import { packageVersion } from '../data/package-version.js';
import { formatPercent } from './scores.js';
import { checkpointFolder } from './training-flags.js';

/** What can be written, and where unless told otherwise. */
const FOLDERS = { onnx: 'models/onnx', 'pytorch-names': 'models/pytorch' } as const;
const FORMATS = Object.keys(FOLDERS) as (keyof typeof FOLDERS)[];

interface ExportFlags {
  readonly name: string;
  readonly saveDir: string;
  readonly out?: string;
  readonly format: (typeof FORMATS)[number];
  readonly optimize: boolean;
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
    .option('--json', 'print the result as one JSON object')
    .action(async (flags: ExportFlags) => {
      if (flags.format === 'pytorch-names') return exportNames(flags);
      const { name, json, optimize: isOptimized } = flags;
      const outDir = flags.out ?? FOLDERS.onnx;
      // Before TensorFlow is started, or even set up: a wrong name is told at once.
      const checkpoint = await readExportable(checkpointFolder(flags));
      await useDevice('cpu', printMessage);
      const segprobeVersion = packageVersion();
      const exported = await checkpoint.export({ name, outDir, segprobeVersion, isOptimized });
      if (json) {
        printJson(exported);
        return;
      }
      const { file, manifest, verification } = exported;
      printLine(`${file}: ${formatBytes(manifest.file.bytes)}, opset ${manifest.opset}`);
      printLine(`ONNX Runtime beside TensorFlow: ${agreementOf(verification)}`);
    });
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
