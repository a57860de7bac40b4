import type { Command } from 'commander';
import { examine, type Examination } from '../graph/native/examine.js';
import type { CommonOptions } from './command.js';
import { printJson, printLine } from './output.js';

/** `segprobe doctor`: what this machine has, what is missing, and the command that mends it. */
export function configureDoctor(command: Command): void {
  command
    .option('--json', 'print what was found as one JSON object')
    .action(async (flags: CommonOptions) => {
      const examination = await examine();
      if (flags.json) printJson({ ok: examination.missing.length === 0, ...examination });
      else printLine(describeExamination(examination));
      if (examination.missing.length > 0) process.exitCode = 1;
    });
}

/** Has it, lacks it and needs it, lacks it and does without, or says something by the way. */
type Mark = '✓' | '✗' | '–' | ' ';
type Row = readonly [mark: Mark, name: string, text: string];

/** The examination as a person reads it: groups of aligned lines, and last what to do. */
export function describeExamination(examination: Examination): string {
  const { missing, mend, tensorflow, nvidia } = examination;
  const groups = [
    ['Machine', machineRows(examination)],
    ['Backends', backendRows(examination)],
    ['Tools that set-up uses', toolRows(examination)],
  ] as const;
  const width = Math.max(...groups.flatMap(([, rows]) => rows.map(([, name]) => name.length)));
  const lines = groups.flatMap(([title, rows]) => [
    title,
    ...rows.map(([mark, name, text]) => `  ${mark} ${name.padEnd(width)}  ${text}`),
    '',
  ]);
  if (missing.length > 0) lines.push(`Missing: ${missing.join(', ')}.`);
  else lines.push('Everything to serve and to train is here.');
  if (mend !== null) lines.push(`To mend it: ${mend}`);
  if (tensorflow.facts?.cuda === false && nvidia.gpus.length > 0 && nvidia.libcuda !== null) {
    lines.push('To train on the NVIDIA GPU: npm run setup -- --gpu');
  }
  return lines.join('\n');
}

function machineRows({ node, machine, nvidia }: Examination): Row[] {
  const gpu = nvidia.gpus.length > 0 ? `${nvidia.gpus.join(', ')}, ` : '';
  const libcuda = nvidia.libcuda === null ? 'libcuda.so.1 not found' : nvidia.libcuda;
  return [
    [node.supported ? '✓' : '✗', 'Node', node.version],
    [' ', 'System', machine.system],
    [' ', 'Processor', `${machine.processor}, ${machine.cores} cores`],
    [
      ' ',
      'Memory',
      `${gigabytes(machine.memoryBytes)}, ${gigabytes(machine.freeMemoryBytes)} free`,
    ],
    [' ', 'Disk', `${gigabytes(machine.freeDiskBytes)} free at ${machine.cacheDir}`],
    nvidia.driver === null
      ? ['–', 'NVIDIA', 'no driver']
      : ['✓', 'NVIDIA', `${gpu}driver ${nvidia.driver}, ${libcuda}`],
  ];
}

function backendRows({ tensorflow, onnxruntime, wasm, webgpu }: Examination): Row[] {
  const rows: Row[] = [];
  if (tensorflow.facts === null) {
    rows.push(['✗', 'TensorFlow', tensorflow.problem ?? '']);
  } else {
    const { version, variant, cuda, oneDnn } = tensorflow.facts;
    const build = variant === 'other' ? 'a build of its own' : `${variant.toUpperCase()} build`;
    const devices = cuda ? 'runs on CUDA' : 'runs on the CPU';
    rows.push([
      '✓',
      'TensorFlow',
      `${version}, ${build}, ${devices}, oneDNN ${oneDnn ? 'on' : 'off'}`,
    ]);
  }
  rows.push(
    onnxruntime.facts === null
      ? ['✗', 'ONNX Runtime', onnxruntime.problem ?? '']
      : [
          '✓',
          'ONNX Runtime',
          `${onnxruntime.facts.version}: ${onnxruntime.facts.backends.join(', ')}`,
        ],
    wasm.facts === null
      ? ['✗', 'WebAssembly', wasm.problem ?? '']
      : ['✓', 'WebAssembly', `${wasm.facts.version}, the fallback for training`],
    webgpu.facts === null
      ? ['–', 'WebGPU', firstLine(webgpu.problem ?? '')]
      : [
          '✓',
          'WebGPU',
          `${webgpu.facts.name}${webgpu.facts.isSoftware ? ', on the CPU: for tests alone' : ''}`,
        ],
  );
  return rows;
}

function toolRows({ tools, tensorflow }: Examination): Row[] {
  const absent: Mark = tensorflow.ready ? '–' : '✗';
  return Object.entries(tools).map(([name, version]) =>
    version === null ? [absent, name, 'not found'] : ['✓', name, version],
  );
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
