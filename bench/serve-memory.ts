import { availableParallelism } from 'node:os';
import { sharp } from '../src/data/sharp.js';
import { drawScene } from '../src/data/street/draw-scene.js';
import { type BenchmarkResult } from './benchmark.js';
import { load } from './http-load.js';
import { startService } from './serve.js';

/** Small ones, or the rounds would take an hour: what a request leaves behind does not depend on it. */
const SIZE = { height: 64, width: 96 };
const [ROUNDS, REQUESTS] = [8, 2500];
const PICTURES = 16;

/** The memory of the service after each 2,500 of 20,000 requests: small JPEGs in, mask PNGs out, by the model's own size unless `SEGPROBE_BENCH_MODELS` names a folder of a smaller one. */
export async function run(): Promise<BenchmarkResult> {
  const models = process.env['SEGPROBE_BENCH_MODELS'];
  const bodies = await Promise.all(
    Array.from({ length: PICTURES }, (_, seed) =>
      sharp(drawScene(seed, SIZE).image, { raw: { ...SIZE, channels: 3 } })
        .jpeg()
        .toBuffer(),
    ),
  );
  const server = await startService(...(models === undefined ? [] : ['--models', models]));
  const megabytes = [];
  let [seconds, refused] = [0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    const result = await load({
      url: `${server.url}/segment`,
      bodies,
      connections: 2 * availableParallelism(),
      amount: REQUESTS,
    });
    seconds += result.seconds;
    refused += REQUESTS - (result.latencies.get(200)?.length ?? 0);
    megabytes.push(Math.round(server.rssBytes() / 2 ** 20));
  }
  const peakRssBytes = Math.max(...megabytes) * 2 ** 20;
  server.stop();
  return {
    name: 'serve-memory',
    medianSeconds: seconds / (ROUNDS * REQUESTS),
    peakRssBytes,
    refused,
    residentMiB: megabytes.join(', '),
    ...SIZE,
  };
}
