import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  type AttackerStudy,
  describeStudy,
  studyAttacker,
} from '../../../src/inference/audit/attacker-study.js';
import { openModel } from '../../../src/inference/open-model.js';
import { createRandom } from '../../../src/shared/random.js';
import { assertAllClose } from '../../support/all-close.js';
import { createMemoryDataset } from '../../support/memory-dataset.js';
import { scratchFolder } from '../../support/scratch-folder.js';
import { tinyAttacker } from '../../support/tiny-models.js';

const SIZE = { height: 64, width: 128 };

/** Pictures that the tiny attacker, which adds to what is not at its bounds, changes by what is painted: 255 stays 255. */
async function study(paint: (i: number, x: number, y: number) => number): Promise<AttackerStudy> {
  const { folder, remove } = await scratchFolder();
  try {
    const file = path.join(folder, 'adds.onnx');
    await writeFile(file, tinyAttacker([51, 51, 51]));
    const pixels = SIZE.height * SIZE.width;
    const base = createMemoryDataset(
      Array.from({ length: 3 }, () => new Array<number>(pixels).fill(0)),
      { size: SIZE },
    );
    const dataset = {
      ...base,
      read: async (index: number) => {
        const scene = await base.read(index, SIZE);
        const image = scene.image.map((_, at) => {
          const i = Math.floor(at / 3);
          return paint(index, i % SIZE.width, Math.floor(i / SIZE.width)) > 0 ? 100 : 255;
        });
        return { ...scene, image };
      },
    };
    return await studyAttacker(dataset, await openModel(file), SIZE, { order: [0, 1, 2] });
  } finally {
    await remove();
  }
}

describe('studyAttacker', () => {
  it('finds the period of stripes that every picture gets', async () => {
    const found = await study((_, x) => (x % 8 < 4 ? 1 : 0));
    // Half of the pixels by 51 of 255.
    assertAllClose([...found.meanChange], [0.1, 0.1, 0.1], { rtol: 0, atol: 1e-6 });
    assertAllClose([found.commonShare!], [1], { rtol: 0, atol: 1e-6 });
    assert.deepEqual([found.strongest!.periodX, found.strongest!.periodY], [8, null]);
    // A square wave of 0 and 1: a mean of 1/2 has half of the energy; of the other half 8/π² is the first wave, about 0.85 sampled in 8.
    const first = 4 / (8 * Math.sin(Math.PI / 8)) ** 2;
    assertAllClose([found.strongest!.share], [first], { rtol: 0, atol: 1e-6 });
    assertAllClose([found.bands.reduce((sum, { share }) => sum + share, 0)], [1], {
      rtol: 0,
      atol: 1e-9,
    });
    const sentences = describeStudy(found).join(' ');
    assert.match(sentences, /red by \+25\.5, .*one pattern.*every 8\.0 pixels across/);
  });

  it('tells a change of each picture of its own', async () => {
    const random = createRandom(3);
    const found = await study(() => (random() < 0.5 ? 1 : 0));
    // The mean 0.1 is common: of the energy 0.2² / 2 a half.
    assertAllClose([found.commonShare!], [0.5], { rtol: 0, atol: 0.02 });
  });

  it('says nothing of waves where nothing changes', async () => {
    const found = await study(() => 0);
    assert.deepEqual([found.commonShare, found.strongest], [null, null]);
    assert.ok(found.common.data.every((value) => value === 128));
  });
});
