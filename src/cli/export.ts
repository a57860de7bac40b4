import type { Command } from 'commander';
import type { ExportedAttacker } from '../export/export-attacker.js';
import { readExportable } from '../export/export-model.js';
import type { ExportedVictim } from '../export/export-victim.js';
import { useDevice } from '../train/device.js';
import { printJson, printLine, printMessage } from './output.js';
import { packageVersion } from './package-version.js';
import { formatPercent } from './scores.js';
import { checkpointFolder } from './training-flags.js';

interface ExportFlags {
  readonly name: string;
  readonly saveDir: string;
  readonly out: string;
  readonly json?: boolean;
}

/** `segprobe export` */
export function configureExport(command: Command): void {
  command
    .option('--name <name>', 'name of the checkpoint, and of the model', 'ENet')
    .option('--save-dir <dir>', 'folder of the checkpoints', 'save')
    .option('--out <dir>', 'folder of the models', 'models/onnx')
    .option('--json', 'print the result as one JSON object')
    .action(async (flags: ExportFlags) => {
      const { name, out: outDir, json } = flags;
      // Before TensorFlow is started, or even set up: a wrong name is told at once.
      const checkpoint = await readExportable(checkpointFolder(flags));
      await useDevice('cpu', printMessage);
      const segprobeVersion = packageVersion();
      const exported = await checkpoint.export({ name, outDir, segprobeVersion });
      if (json) {
        printJson(exported);
        return;
      }
      const { file, manifest, verification } = exported;
      printLine(`${file}: ${(manifest.file.bytes / 1e6).toFixed(2)} MB, opset ${manifest.opset}`);
      printLine(`ONNX Runtime beside TensorFlow: ${agreementOf(verification)}`);
    });
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
