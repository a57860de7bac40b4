import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { comparableWith, measureTransfer } from '../../../src/inference/audit/attack-transfer.js';
import { evaluateDataset } from '../../../src/inference/evaluate-dataset.js';
import { openModel, type OpenedModel } from '../../../src/inference/open-model.js';
import { scratchFolder } from '../../support/scratch-folder.js';
import { createStripes } from '../../support/stripes-dataset.js';
import { tinyAttacker, writeTinyVictim } from '../../support/tiny-models.js';

describe('measureTransfer', function () {
  this.timeout(60_000);
  let folder: string;
  let remove: () => Promise<void>;
  let victims: OpenedModel[];
  let attackers: OpenedModel[];
  before(async () => {
    ({ folder, remove } = await scratchFolder());
    const open = async (name: string, change: [number, number, number]): Promise<OpenedModel> => {
      const file = path.join(folder, `${name}.onnx`);
      await writeFile(file, tinyAttacker(change));
      return openModel(file);
    };
    victims = [
      await openModel(await writeTinyVictim(folder, 'tiny')),
      await openModel(await writeTinyVictim(folder, 'other')),
    ];
    attackers = [await open('redder', [255, 0, 0]), await open('idle', [0, 0, 0])];
  });
  after(() => remove());

  it('measures what an evaluation of each pair does, on some of the scenes', async () => {
    const dataset = createStripes();
    const found = await measureTransfer(dataset, { victims, attackers, order: [0, 1], count: 5 });
    const expected = await evaluateDataset(dataset, {
      ...{ victim: victims[1]!, attacker: attackers[0]!, limit: 2 },
    });
    assert.deepEqual([found.images, found.victims], [2, ['tiny', 'other']]);
    assert.deepEqual(found.clean, [expected.miou, expected.miou]);
    const [redder, idle] = found.attackers;
    assert.deepEqual(redder!.mious, [expected.miouAttacked, expected.miouAttacked]);
    assert.deepEqual(idle!.mious, found.clean);
    assert.deepEqual([redder!.linf, idle!.linf, redder!.trainedAgainst], [1, 0, null]);
  });

  it('compares with victims of the same classes, the given one first', () => {
    const strange = { ...victims[0]!, name: 'a', facts: { ...victims[0]!.facts, classes: ['x'] } };
    const found = comparableWith(victims[0]!, [...attackers, strange, ...victims]);
    assert.deepEqual(
      [found.victims.map(({ name }) => name), found.attackers.map(({ name }) => name)],
      [
        ['tiny', 'other'],
        ['idle', 'redder'],
      ],
    );
  });
});
