import { drawScene } from '../src/data/street/draw-scene.js';
import { type BenchmarkResult, median, peakRssBytes } from './benchmark.js';

const SIZE = { height: 360, width: 480 };
const SCENES = 60;
/** The first scenes are drawn by code that is not yet compiled. */
const WARM_UP = 10;

/** Drawing sample street scenes at the default size, on one core. */
export function run(): Promise<BenchmarkResult> {
  const seconds: number[] = [];
  for (let seed = 0; seed < WARM_UP + SCENES; seed++) {
    const started = performance.now();
    drawScene(seed, SIZE);
    seconds.push((performance.now() - started) / 1000);
  }
  const measured = seconds.slice(WARM_UP);
  const mean = measured.reduce((sum, value) => sum + value, 0) / measured.length;
  return Promise.resolve({
    name: 'sample-scenes',
    medianSeconds: median(measured),
    // Of the mean: scenes differ in what they hold, and a data set draws them all.
    scenesPerSecond: 1 / mean,
    peakRssBytes: peakRssBytes(),
    ...SIZE,
  });
}
