/**
 * Runs an ONNX file on ONNX Runtime, for bench/inference.ts: `FILE THREADS HEIGHT WIDTH`. For each line on stdin, which says how often, runs it and
 * prints the milliseconds of each run. A process of its own: a session's threads spin, and would disturb another's.
 */
import { createInterface } from 'node:readline';
import { InferenceSession } from 'onnxruntime-node';
import { createInputs } from '../src/inference/examine/random-inputs.js';
import { sessionOptions } from '../src/inference/session.js';

const [file, threads, height, width] = process.argv.slice(2);
// Alone on its cores, a thread that waits for the next node is faster awake than woken.
const options = sessionOptions(Number(threads), { spinning: true });
const session = await InferenceSession.create(file!, options);
const size = { height: Number(height), width: Number(width) };
const inputs = createInputs(session.inputMetadata, { batch: 1, size }, file!);
for await (const line of createInterface({ input: process.stdin })) {
  const milliseconds: number[] = [];
  for (let run = 0; run < Number(line); run++) {
    const started = performance.now();
    await session.run(inputs);
    milliseconds.push(performance.now() - started);
  }
  const rss = process.resourceUsage().maxRSS * 1024;
  process.stdout.write(`${[rss, ...milliseconds].join(' ')}\n`);
}
process.exit(0);
