import path from 'node:path';
import type { Command } from 'commander';
import type { Size } from '../data/dataset.js';
import { inspectModel, type ModelInspection } from '../inference/examine/inspect-model.js';
import { readModelFile } from '../inference/examine/model-file.js';
import { DEFAULT_MODELS_FOLDER } from '../inference/open-model.js';
import type { Rgb } from '../shared/classes.js';
import { printJson, printLine } from './output.js';
import { addSizeFlag } from './size-flag.js';
import { formatBytes, formatMany, formatShape, formatTable } from './tables.js';

interface InspectFlags {
  readonly models: string;
  readonly size?: Size;
  readonly layers?: boolean;
  readonly json?: boolean;
}

/** Longer values of metadata are cut. */
const METADATA_SHOWN = 100;

/** `segprobe inspect` */
export function configureInspect(command: Command): void {
  addSizeFlag(
    command
      .argument('<model>', 'an ONNX file, or the name of a model')
      .option('--models <dir>', 'folder of the models', DEFAULT_MODELS_FOLDER),
  )
    .option('--layers', 'list every node with its output and its multiply-adds')
    .option('--json', 'print the result as one JSON object')
    .action(async (model: string, flags: InspectFlags) => {
      const inspection = await inspectModel(await readModelFile(model, flags.models), flags.size);
      if (flags.json) {
        printJson(inspection);
        return;
      }
      printLine(describe(inspection));
      if (flags.layers && inspection.run !== null) printLine(`\n${formatLayers(inspection.run)}`);
    });
}

function describe(inspection: ModelInspection): string {
  const { file, bytes, facts, producer, irVersion, opsets, run } = inspection;
  const versions = Object.entries(opsets).map(([domain, version]) => `${domain} ${version}`);
  const rows: [string, string][] = [
    ['sha256', `${inspection.sha256} (${manifestSays(inspection.manifestMatches)})`],
    ['written by', `${producer || 'no one named'}; IR ${irVersion}, opset ${versions.join(', ')}`],
    ...inspection.inputs.map(({ name, type, shape }): [string, string] => [
      'input',
      `${name}  ${type} ${formatShape(shape)}`,
    ]),
    ...inspection.outputs.map(({ name, type, shape }): [string, string] => [
      'output',
      `${name}  ${type} ${formatShape(shape)}`,
    ]),
    ['parameters', parametersOf(inspection)],
    ...(run === null
      ? [['cost', `not known: ${inspection.refusal}`] as [string, string]]
      : ([
          ['multiply-adds', `${formatMany(run.multiplyAdds)} for ${formatInputs(run.inputShapes)}`],
          [
            'activations',
            `${formatBytes(run.activationBytes)} in all, the largest ${formatBytes(run.largestActivationBytes)}`,
          ],
        ] as [string, string][])),
    ['operators', counted(inspection.operators)],
    ...(facts === null
      ? metadataRows(inspection.metadata)
      : ([
          ['trained on', `${facts.dataset}, ${facts.inputSize.width}×${facts.inputSize.height}`],
          ['checkpoint', `sha256 ${facts.checkpointSha256}`],
          ['classes', facts.classes.map((name, k) => swatch(name, facts.palette[k]!)).join('  ')],
        ] as [string, string][])),
  ];
  const title = `${path.basename(file)}: ${facts?.kind ?? 'not one of segprobe’s models'}, ${formatBytes(bytes)}`;
  return `${title}\n${formatTable(rows.map(([name, text]) => [`  ${name}`, text]))}`;
}

function manifestSays(matches: boolean | null): string {
  if (matches === null) return 'no manifest beside it';
  return matches ? 'as its manifest says' : 'NOT what its manifest says';
}

function parametersOf({ parameters, denormalWeights }: ModelInspection): string {
  const all = parameters.toLocaleString('en');
  if (denormalWeights === 0) return all;
  return `${all}, ${denormalWeights.toLocaleString('en')} of them denormal: slow on many processors`;
}

function formatInputs(shapes: Readonly<Record<string, readonly number[]>>): string {
  return Object.entries(shapes)
    .map(([name, shape]) => `${name} ${formatShape(shape)}`)
    .join(', ');
}

function counted(operators: Readonly<Record<string, number>>): string {
  return Object.entries(operators)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

function metadataRows(metadata: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(metadata).map(([key, value]) => [
    'metadata',
    `${key}: ${value.length > METADATA_SHOWN ? `${value.slice(0, METADATA_SHOWN)}…` : value}`,
  ]);
}

/** A class's name behind a patch of its colour, where the terminal has colours. */
function swatch(name: string, [red, green, blue]: Rgb): string {
  const hasColors = process.stdout.isTTY && process.stdout.hasColors(2 ** 24);
  return hasColors ? `\u001b[48;2;${red};${green};${blue}m  \u001b[0m ${name}` : name;
}

function formatLayers({ layers }: NonNullable<ModelInspection['run']>): string {
  return formatTable([
    ['node', 'operator', 'output', 'multiply-adds'],
    ...layers.map(({ name, operator, outputShape, multiplyAdds }) => [
      name,
      operator,
      formatShape(outputShape),
      multiplyAdds === 0 ? '' : formatMany(multiplyAdds),
    ]),
  ]);
}
