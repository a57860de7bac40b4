import path from 'node:path';
import { writeFileWhole } from '../data/files.js';
import { svgToPng } from '../report/charts/index.js';
import { type EpochMetrics, trainingCurve } from '../report/training-curve.js';

/**
 * Draws how a training went, as `curve.svg` and `curve.png` in its folder.
 * @throws SegprobeError `DISK_FULL` and others of the file system.
 */
export async function writeTrainingCurve(
  folder: string,
  metrics: readonly EpochMetrics[],
  miou?: string,
): Promise<void> {
  const name = path.basename(folder);
  const svg = trainingCurve({ name, metrics, ...(miou !== undefined && { miou }) });
  await writeFileWhole(path.join(folder, 'curve.svg'), svg);
  await writeFileWhole(path.join(folder, 'curve.png'), svgToPng(svg));
}
