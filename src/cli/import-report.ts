import path from 'node:path';
import type { ImportedCheckpoint, ImportedFile } from '../export/import/index.js';
import { classNames } from '../shared/classes.js';
import { packedSizes } from '../train/packing.js';
import { formatCount, formatPercent } from './scores.js';

/** What each network is called among people. */
const TITLES = {
  enet: 'ENet, as PyTorch-ENet has it now',
  'enet-2018': 'ENet, as PyTorch-ENet had it in 2018',
  'enet-encoder': "ENet's encoder",
  autoencoder: 'the Malicious Autoencoder',
} as const satisfies Record<ImportedCheckpoint['network']['model'], string>;

const CLASSES_SHOWN = 4;
/** Where checkpoints lie unless told otherwise. */
export const DEFAULT_SAVE_DIR = 'save';

/** What `import-pytorch --json` prints. */
export function importResult(file: string, { checkpoints, ...facts }: ImportedFile): object {
  return { file, ...facts, checkpoints: checkpoints.map(toJson) };
}

function toJson(checkpoint: ImportedCheckpoint): object {
  const { network, name, folder, training, classesAreNamed, optimizer } = checkpoint;
  const { epoch, step, miou, config, classTable } = training;
  return {
    kind: network.kind,
    model: network.model,
    name,
    folder,
    parameters: packedSizes(network.spec).parameters,
    dataset: config.dataset,
    classes: classNames(classTable),
    classesAreNamed,
    height: config.height,
    width: config.width,
    epoch,
    step,
    miou,
    resumable: typeof optimizer !== 'string',
    notResumable: typeof optimizer === 'string' ? optimizer : null,
  };
}

/** Says for a person what a file held, where it lies now, and what can be done with it. */
export function describeImport(file: string, { checkpoints, summaryFile }: ImportedFile): string {
  const source = summaryFile === null ? file : `${file} (options from ${summaryFile})`;
  return [
    `imported ${source}`,
    ...checkpoints.flatMap((checkpoint) => ['', ...describeCheckpoint(checkpoint)]),
    '',
    ...nextSteps(checkpoints),
  ].join('\n');
}

function describeCheckpoint(checkpoint: ImportedCheckpoint): string[] {
  const { network, folder, training, classesAreNamed, optimizer } = checkpoint;
  const { epoch, miou, config } = training;
  const names = classNames(training.classTable);
  const more = names.length > CLASSES_SHOWN ? ', …' : '';
  const shown = `${names.slice(0, CLASSES_SHOWN).join(', ')}${more}`;
  const measured =
    network.kind === 'attacker' ? 'mIoU of its victim under the attack' : 'best mIoU on val';
  const parameters = packedSizes(network.spec).parameters.toLocaleString('en');
  return [
    `${folder}: ${TITLES[network.model]} (${network.model}), ${parameters} parameters`,
    `  classes   ${names.length}, ${config.dataset}: ${shown}${classesAreNamed ? '' : ' (names unknown: --classes FILE)'}`,
    `  size      ${config.width}×${config.height}`,
    `  trained   ${trainedText(epoch, miou, measured)}`,
    `  resuming  ${typeof optimizer === 'string' ? `no: ${optimizer}` : `yes, from epoch ${epoch}`}`,
  ];
}

function trainedText(epoch: number | null, miou: number | null, measured: string): string {
  const epochs = epoch === null ? 'the file does not say how long' : formatCount(epoch, 'epoch');
  return miou === null
    ? epochs
    : `${epochs}, ${measured} ${formatPercent(miou)} by its own measure`;
}

/** The commands that come next, as they are to be typed. */
function nextSteps(checkpoints: readonly ImportedCheckpoint[]): string[] {
  return checkpoints.flatMap(({ network, name, folder, training: { config } }) => {
    const dir =
      config.datasetDir === undefined && config.dataset !== 'sample' ? ' --dataset-dir DIR' : '';
    const saveDir = path.dirname(folder);
    const where = `--name ${name}${saveDir === DEFAULT_SAVE_DIR ? '' : ` --save-dir ${saveDir}`}`;
    const test = network.kind === 'victim' ? [`segprobe test ${where}${dir}`] : [];
    return [...test, `segprobe export ${where}`].map((line) => `next: ${line}`);
  });
}
