import os from 'node:os';
import type { BenchmarkResult } from './benchmark.js';
import { setUpPeers } from './setup.js';

/** Every benchmark. To add one: a file here with `run()` and a row below. */
const BENCHMARKS: Readonly<Record<string, () => Promise<{ run: () => Promise<BenchmarkResult> }>>> =
  {
    'train-step': () => import('./train-step.js'),
    'attacker-step': () => import('./attacker-step.js'),
    'sample-scenes': () => import('./sample-scenes.js'),
    ablation: () => import('./ablation.js'),
    evaluate: () => import('./evaluate.js'),
    inference: () => import('./inference.js'),
    audit: () => import('./audit.js'),
    page: () => import('./page.js'),
    'label-faults': () => import('./label-faults.js'),
    serve: () => import('./serve.js'),
    evaluations: () => import('./evaluations.js'),
    'serve-memory': () => import('./serve-memory.js'),
  };

const [name, ...flags] = process.argv.slice(2);
if (name === 'setup') {
  setUpPeers(console.error);
  process.exit(0);
}
const load = BENCHMARKS[name ?? ''];
if (load === undefined) {
  console.error(
    `usage: npm run bench -- NAME [--json], NAME one of ${Object.keys(BENCHMARKS).join(', ')}; ` +
      'npm run bench -- setup fetches what they compare with',
  );
  process.exit(2);
}
const { run } = await load();
const result = await run();
const machine = `${os.cpus()[0]?.model ?? 'unknown CPU'}, ${os.cpus().length} cores, load ${os.loadavg()[0]!.toFixed(1)}`;
if (flags.includes('--json')) {
  console.log(
    JSON.stringify({ ...result, machine, node: process.version, date: new Date().toISOString() }),
  );
} else {
  console.table(
    Object.fromEntries(Object.entries(result).map(([key, value]) => [key, format(value)])),
  );
  console.log(machine);
}

function format(value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value)
    ? Number(value.toPrecision(4))
    : value;
}
