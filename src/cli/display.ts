import path from 'node:path';
import { type Command, Option } from 'commander';
import { amplifyChange, gainFor } from '../data/amplify-change.js';
import { encodePicturePng } from '../data/encode-picture.js';
import { writeFileWhole } from '../data/files.js';
import { DATASET_NAMES, openDataset } from '../data/open-dataset.js';
import { matchOutputs } from '../data/reorder-classes.js';
import { type DisplayedScene, displayScenes } from '../inference/display-scenes.js';
import { evaluateDataset } from '../inference/evaluate-dataset.js';
import { findAttacker, findVictim } from '../inference/find-model.js';
import { DEFAULT_MODELS_FOLDER, type OpenedModel, openModels } from '../inference/open-model.js';
import { encodeLabelPng } from '../inference/palette-png.js';
import { createInferencePool, type InferencePool } from '../inference/pool.js';
import { type AttackedScene, drawAttackGrid, drawClassIou } from '../report/attack-plots.js';
import { svgToPng } from '../report/charts/index.js';
import type { ClassTable } from '../shared/classes.js';
import type { EvaluationResult } from '../shared/evaluation.js';
import { datasetOf } from './dataset-of.js';
import { formatEvaluation } from './evaluation-table.js';
import { withInterrupt } from './interrupt.js';
import { positiveInteger } from './numbers.js';
import { printJson, printLine } from './output.js';
import { makeFolder } from './picture-files.js';
import { startProgress } from './progress.js';

interface DisplayFlags {
  readonly victim?: string;
  readonly attacker?: string;
  readonly models: string;
  readonly dataset?: string;
  readonly datasetDir?: string;
  readonly count: number;
  readonly limit?: number;
  readonly out: string;
  readonly json?: boolean;
}

/** Scenes of these are drawn; the IoU is measured on the last. */
const SPLITS = ['train', 'val'] as const;

/** `segprobe display` */
export function configureDisplay(command: Command): void {
  command
    .option('--victim <name>', 'name of the victim (default: the first by name)')
    .option('--attacker <name>', 'name of the attacker (default: the first by name)')
    .option('--models <dir>', 'folder of the models', DEFAULT_MODELS_FOLDER)
    .addOption(
      new Option('--dataset <name>', "kind of data set (default: the victim's)").choices(
        DATASET_NAMES,
      ),
    )
    .option('--dataset-dir <dir>', 'folder of the data set')
    .option('--count <n>', 'scenes of each split that are drawn', positiveInteger, 5)
    .option(
      '--limit <n>',
      'measure the IoU on the first n scenes of val (default: on all)',
      positiveInteger,
    )
    .option('--out <dir>', 'folder to write to', 'results')
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', NOTES)
    .action(async (flags: DisplayFlags) => {
      const { result, files } = await display(flags);
      if (flags.json) printJson({ ...result, files });
      else printLine(`${formatEvaluation(result)}\n${files.length} files in ${flags.out}`);
    });
}

const NOTES = `
Writes, for scene N of train and of val, origtrainN.png, origsegtrainN.png (what the victim says of it), transtrainN.png (the
attacked picture) and transsegtrainN.png; plots.png and plots.svg, the scenes side by side with their labels and the change,
amplified; iouvclass.png and iouvclass.svg, the IoU of each class before and after, measured on val. The scenes are spread
evenly over each split. A checkpoint is displayed once segprobe export has written it.

Examples:
  segprobe display --victim enet-camvid --attacker mal-camvid-linf8 --dataset-dir ~/CamVid
  segprobe display --dataset sample --count 3 --out pictures`;

async function display(
  flags: DisplayFlags,
): Promise<{ result: EvaluationResult; files: readonly string[] }> {
  const models = new Map((await openModels(flags.models)).map((model) => [model.name, model]));
  const victim = findVictim(models, flags.victim);
  const attacker = findAttacker(models, flags.attacker);
  await makeFolder(flags.out);
  const progress = startProgress(`${victim.name} under ${attacker.name}`, 2);
  try {
    return await withInterrupt(
      () => progress.log('stopping; Ctrl-C again ends at once'),
      async (signal) => {
        const write = createWriter(flags.out);
        const { scenes, classTable } = await drawnScenes(flags, { victim, attacker }, signal);
        const gain = gainFor(Math.max(...scenes.map(({ perturbation }) => perturbation.linf)));
        const written: AttackedScene[] = [];
        for (const scene of scenes) written.push(await writeScene(scene, classTable, gain, write));
        const grid = drawAttackGrid({
          ...{ victim: victim.name, attacker: attacker.name, scenes: written },
          ...{ gain, classTable, size: victim.facts.inputSize },
        });
        await write.drawing('plots', grid);
        progress.update(1, ', scenes drawn');
        const result = await measure(flags, { victim, attacker }, signal);
        await write.drawing('iouvclass', drawClassIou(result));
        return { result, files: write.files };
      },
    );
  } finally {
    progress.stop();
  }
}

interface Models {
  readonly victim: OpenedModel;
  readonly attacker: OpenedModel;
}

async function drawnScenes(
  { dataset, datasetDir: dir, count }: DisplayFlags,
  { victim, attacker }: Models,
  signal: AbortSignal,
): Promise<{ scenes: DisplayedScene[]; classTable: ClassTable }> {
  const name = dataset ?? datasetOf(victim);
  const pool: InferencePool = createInferencePool({ models: [victim, attacker] });
  try {
    const scenes: DisplayedScene[] = [];
    let classTable: ClassTable;
    for (const split of SPLITS) {
      const opened = await openDataset({ name, dir, split });
      try {
        const matched = matchOutputs(opened, victim.facts.classes);
        classTable = matched.classTable;
        scenes.push(...(await displayScenes(pool, matched, { victim, attacker, count, signal })));
      } finally {
        await opened.close();
      }
    }
    return { scenes, classTable: classTable! };
  } finally {
    await pool.close();
  }
}

async function measure(
  { dataset, datasetDir: dir, limit }: DisplayFlags,
  { victim, attacker }: Models,
  signal: AbortSignal,
): Promise<EvaluationResult> {
  const name = dataset ?? datasetOf(victim);
  const opened = await openDataset({ name, dir, split: 'val' });
  try {
    return await evaluateDataset(opened, { victim, attacker, limit, signal });
  } finally {
    await opened.close();
  }
}

/** Writes files into the folder, and remembers them. */
function createWriter(folder: string) {
  const files: string[] = [];
  const write = async (name: string, content: string | Uint8Array): Promise<void> => {
    const file = path.join(folder, name);
    await writeFileWhole(file, content);
    files.push(file);
  };
  return {
    files,
    file: write,
    /** As SVG and as PNG. */
    drawing: async (stem: string, svg: string): Promise<void> => {
      await write(`${stem}.svg`, svg);
      await write(`${stem}.png`, svgToPng(svg));
    },
  };
}

async function writeScene(
  scene: DisplayedScene,
  { classes }: ClassTable,
  gain: number,
  write: ReturnType<typeof createWriter>,
): Promise<AttackedScene> {
  const palette = classes.map(({ color }) => color);
  const picture = (data: Uint8Array) => encodePicturePng({ ...scene, data });
  const labels = (data: Uint8Array) => encodeLabelPng(data, scene, palette);
  const drawn = {
    name: `${scene.split} ${scene.name}`,
    perturbation: scene.perturbation,
    picture: await picture(scene.image),
    label: await labels(scene.label),
    segmented: await labels(scene.segmented),
    attacked: await picture(scene.attacked),
    change: await picture(amplifyChange(scene.image, scene.attacked, gain)),
    attackedSegmented: await labels(scene.attackedSegmented),
  };
  const end = `${scene.split}${scene.number}.png`;
  await write.file(`orig${end}`, drawn.picture);
  await write.file(`origseg${end}`, drawn.segmented);
  await write.file(`trans${end}`, drawn.attacked);
  await write.file(`transseg${end}`, drawn.attackedSegmented);
  return drawn;
}
