import type { Command } from 'commander';
import { exportVictim } from '../export/export-victim.js';
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
      await useDevice('cpu', printMessage);
      const { file, manifest, verification } = await exportVictim({
        folder: checkpointFolder(flags),
        name: flags.name,
        outDir: flags.out,
        segprobeVersion: packageVersion(),
      });
      if (flags.json) {
        printJson({ file, manifest, verification });
        return;
      }
      printLine(`${file}: ${(manifest.file.bytes / 1e6).toFixed(2)} MB, opset ${manifest.opset}`);
      printLine(
        `ONNX Runtime beside TensorFlow: logits differ by at most ${verification.logitDifference.toExponential(1)} of the largest, ` +
          `${formatPercent(verification.labelAgreement)} of pixels have the same class`,
      );
    });
}
