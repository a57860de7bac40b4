import type { Command } from 'commander';
import { exportVictim } from '../export/export-victim.js';
import { readHashedCheckpoint } from '../export/hashed-checkpoint.js';
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
      const checkpoint = await readHashedCheckpoint(checkpointFolder(flags));
      await useDevice('cpu', printMessage);
      const segprobeVersion = packageVersion();
      const exported = await exportVictim(checkpoint, { name, outDir, segprobeVersion });
      if (json) {
        printJson(exported);
        return;
      }
      const { file, manifest, verification } = exported;
      printLine(`${file}: ${(manifest.file.bytes / 1e6).toFixed(2)} MB, opset ${manifest.opset}`);
      printLine(
        `ONNX Runtime beside TensorFlow: logits differ by at most ${verification.logitDifference.toExponential(1)} of the largest, ` +
          `${formatPercent(verification.labelAgreement)} of pixels have the same class`,
      );
    });
}
