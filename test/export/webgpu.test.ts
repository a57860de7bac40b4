import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createAttackerGraph } from '../../src/export/attacker-graph.js';
import { createVictimGraph } from '../../src/export/victim-graph.js';
import { optimize } from '../../src/export/optimize.js';
import { encodeModel, type GraphProto, makeModel } from '../../src/shared/onnx/index.js';
import { attackerCheckpoint } from '../support/attacker-checkpoints.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';
import { useNativeTensorFlow } from '../support/tensorflow.js';
import { randomEnet } from './enet-checkpoint.js';
import type { Comparison } from './run-webgpu.js';

const SCRIPT = fileURLToPath(new URL('run-webgpu.ts', import.meta.url));

/** Debian's Chromium brings a Vulkan that computes on the CPU. */
const CHROMIUM = '/usr/lib/chromium';
const SWIFTSHADER = path.join(CHROMIUM, 'vk_swiftshader_icd.json');

async function compareOnWebGpu(graph: GraphProto): Promise<Comparison> {
  let found!: Comparison;
  await withTemporaryFolder(async (folder) => {
    const file = path.join(folder, 'model.onnx');
    await writeFile(file, encodeModel(makeModel(optimize(graph))));
    const software = existsSync(SWIFTSHADER)
      ? { LD_LIBRARY_PATH: CHROMIUM, VK_ICD_FILENAMES: SWIFTSHADER }
      : {};
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', SCRIPT, file, '64', '96'],
      { env: { ...process.env, ...software } },
    );
    found = JSON.parse(stdout) as Comparison;
  });
  return found;
}

/** What browsers with a GPU run, where there is an adapter: a GPU's, or the one that computes on the CPU. */
describe('exported models on WebGPU', function () {
  this.timeout(120_000);
  useNativeTensorFlow(); // Export records with it.

  const { weights } = attackerCheckpoint();
  const models: readonly [name: string, graph: () => GraphProto][] = [
    ['ENet', () => createVictimGraph('street', randomEnet(5))],
    ['ENet as of 2018', () => createVictimGraph('street', randomEnet(5, 1, 'enet-2018'))],
    [
      'the autoencoder',
      () =>
        createAttackerGraph('mal', {
          shape: { model: 'autoencoder', height: 240, width: 480 },
          weights,
          weightsFile: 'mal',
        }),
    ],
  ];
  for (const [name, graph] of models) {
    it(`computes with ${name} what the CPU computes`, async function () {
      const found = await compareOnWebGpu(graph());
      if (!found.adapter) {
        process.stdout.write('    skipped: no WebGPU adapter (apt-get install chromium has one)\n');
        this.skip();
      }
      const { difference, largest } = found;
      assert.ok(difference <= 1e-4 * largest, `differs by ${difference} of ${largest}`);
    });
  }
});
