import path from 'node:path';
import { type Command, Option } from 'commander';
import { DATASET_NAMES } from '../data/open-dataset.js';
import { importCheckpoint, type ImportedFile } from '../export/import/index.js';
import { type TrainConfig, WEIGHINGS } from '../train/config.js';
import { DEFAULT_SAVE_DIR, describeImport, importResult } from './import-report.js';
import { number, positiveInteger } from './numbers.js';
import { printJson, printLine } from './output.js';
import { addSizeFlags, checkpointFolder } from './training-flags.js';

interface ImportFlags extends Partial<TrainConfig> {
  readonly name?: string;
  readonly saveDir: string;
  readonly classes?: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

/** The flags that say how the network was trained. */
const OPTION_KEYS = [
  'dataset',
  'datasetDir',
  'height',
  'width',
  'batchSize',
  'lrDecay',
  'lrDecayEpochs',
  'weighing',
] as const satisfies readonly (keyof TrainConfig)[];

const HELP = `
Files: what torch.save wrote, in the zip form of PyTorch 1.6 and later or the older stream form; a state dict, or a dictionary
with state_dict, optimizer, epoch and miou. Networks: ENet as PyTorch-ENet has it now or had it in 2018, the Malicious
Autoencoder, and the latter with its victim inside, which becomes two checkpoints: NAME-attacker and NAME-victim.

Where PyTorch-ENet's FILE_summary.txt lies beside the file, the options of its training are read from it.

Examples:
  segprobe import-pytorch PyTorch-ENet/save/ENet_CamVid/ENet --name enet
  segprobe test --name enet --dataset-dir ~/CamVid
  segprobe export --name enet
  segprobe train --name enet --resume --dataset-dir ~/CamVid`;

/** `segprobe import-pytorch` */
export function configureImportPytorch(command: Command): void {
  command
    .argument('<file>', 'checkpoint of PyTorch-ENet or the Malicious Autoencoder')
    .option('--name <name>', "name of the checkpoint (default: the file's)")
    .option('--save-dir <dir>', 'folder of the checkpoints', DEFAULT_SAVE_DIR)
    .option('--overwrite', 'replace a checkpoint of this name')
    .addOption(
      new Option(
        '--dataset <name>',
        'data set that it was trained on (default: by its number of classes)',
      ).choices(DATASET_NAMES),
    )
    .option('--dataset-dir <dir>', 'folder of the data set, kept for test and train')
    .option('--classes <file>', "classes.json that names the network's outputs, in their order")
    .option(
      '-b, --batch-size <n>',
      'scenes a step of its training had (default: 10)',
      positiveInteger,
    )
    .option(
      '--lr-decay <factor>',
      'its learning rate was multiplied by this (default: 0.1)',
      number,
    )
    .option('--lr-decay-epochs <n>', 'every so many epochs (default: 100)', positiveInteger)
    .addOption(
      new Option('--weighing <scheme>', 'weights of classes in its loss (default: enet)').choices(
        WEIGHINGS,
      ),
    )
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', HELP)
    .action(async (file: string, flags: ImportFlags) => {
      const imported = await importFile(file, flags);
      if (flags.json) printJson(importResult(file, imported));
      else printLine(describeImport(file, imported));
    });
  addSizeFlags(command, "the data set's");
}

function importFile(file: string, flags: ImportFlags): Promise<ImportedFile> {
  const { name = path.parse(file).name, saveDir, classes, overwrite } = flags;
  checkpointFolder({ saveDir, name }); // Refuses what is no name.
  const given = OPTION_KEYS.filter((key) => flags[key] !== undefined);
  return importCheckpoint({
    file,
    name,
    saveDir,
    existing: overwrite ? 'overwrite' : 'refuse',
    classesFile: classes,
    options: Object.fromEntries(given.map((key) => [key, flags[key]])),
  });
}
