import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  importCheckpoint,
  type ImportedFile,
  type ImportOptions,
} from '../../../src/export/import/index.js';
import { CAMVID, classNames } from '../../../src/shared/classes.js';
import { readAttackerCheckpoint } from '../../../src/train/attacker-checkpoint.js';
import { readCheckpoint } from '../../../src/train/checkpoint.js';
import { lockRun } from '../../../src/train/run-lock.js';
import { sha256Of } from '../../../src/train/sha256.js';
import { withTemporaryFolder } from '../../support/temporary-folder.js';
import { attackerTensors, prefixed, victimTensors } from './networks.js';
import { type Plain, pytorchFile, stateDict } from './pytorch-file.js';

const ENET = victimTensors('enet', 12);
const PAIR = new Map([
  ...attackerTensors(),
  ...prefixed('bboxmodel.', victimTensors('enet-2018', 20)),
]);

/** Writes a file, imports it, and looks at what came of it. */
function withImported(
  value: Plain,
  body: (imported: ImportedFile, save: string) => Promise<void>,
  options: Partial<ImportOptions> = {},
): Promise<void> {
  return withTemporaryFolder(async (folder) => {
    const file = path.join(folder, 'mal.pt');
    await writeFile(file, pytorchFile(value));
    const saveDir = path.join(folder, 'save');
    const own = { file, name: 'mal', saveDir, existing: 'refuse', options: {} } as const;
    await body(await importCheckpoint({ ...own, ...options }), saveDir);
  });
}

describe('importCheckpoint', () => {
  it('makes a victim of a state dict, ready to test, with what the file does not say by default', () =>
    withImported(stateDict(ENET), async ({ checkpoints, sha256 }, save) => {
      const { state, weights, optimizer } = await readCheckpoint(path.join(save, 'mal'));
      assert.equal(optimizer, undefined);
      assert.deepEqual(
        weights.get('initial_block.main_branch.weight'),
        ENET.get('initial_block.main_branch.weight'),
      );
      const { classes, ignoreIndex, epoch, step, best, importedFrom, config } = state;
      assert.deepEqual([classNames({ classes }), ignoreIndex], [classNames(CAMVID), 11]);
      assert.deepEqual([epoch, step, best], [0, 0, null]);
      assert.deepEqual(importedFrom, { file: 'mal.pt', sha256 });
      const { model, dataset, height, width, batchSize } = config;
      assert.deepEqual(
        [model, dataset, height, width, batchSize],
        ['enet', 'camvid', 360, 480, 10],
      );
      assert.equal(checkpoints[0]!.optimizer, "optimizer: expected Adam's state, got none");
    }));

  it('takes epoch and mIoU from the file, and the prefix of DataParallel off', () =>
    withImported(
      { epoch: 280, miou: 0.65, state_dict: stateDict(ENET, 'module.') },
      async (_, save) => {
        const { state } = await readCheckpoint(path.join(save, 'mal'));
        assert.equal(state.epoch, 280);
        assert.deepEqual(state.best, {
          epoch: 280,
          images: null,
          miou: 0.65,
          pixelAccuracy: null,
          iou: [],
        });
      },
    ));

  it('says at a glance where it comes from and what is known of it', () =>
    withImported({ epoch: 280, miou: 0.65, state_dict: stateDict(ENET) }, async (_, save) => {
      const summary = await readFile(path.join(save, 'mal', 'summary.txt'), 'utf8');
      assert.match(
        summary,
        /^ENet for camvid, 12 classes\n280 of 300 epochs; imported from mal\.pt\n/,
      );
      assert.match(summary, /best after epoch 280\n {2}mIoU +65\.00 %/);
    }));

  it("takes Cityscapes' size for its classes", () =>
    withImported(stateDict(victimTensors('enet', 20)), async (_, save) => {
      const { state } = await readCheckpoint(path.join(save, 'mal'));
      const { dataset, height, width } = state.config;
      assert.deepEqual([dataset, height, width, state.ignoreIndex], ['cityscapes', 512, 1024, 0]);
    }));

  it('puts what the user says above all else', () =>
    withImported(
      stateDict(ENET),
      async (_, save) => {
        const { dataset, height, width } = (await readCheckpoint(path.join(save, 'mal'))).state
          .config;
        assert.deepEqual([dataset, height, width], ['sample', 96, 128]);
      },
      { options: { dataset: 'sample', height: 96, width: 128 } },
    ));

  it('makes an attacker and its victim of a file that holds both', () =>
    withImported(
      { epoch: 10, miou: 0.0625, state_dict: stateDict(PAIR) },
      async (imported, save) => {
        assert.deepEqual(
          imported.checkpoints.map(({ name }) => name),
          ['mal-attacker', 'mal-victim'],
        );
        const folder = path.join(save, 'mal-victim');
        const victim = await readCheckpoint(folder);
        const attacker = await readAttackerCheckpoint(path.join(save, 'mal-attacker'));
        const { config, best, epoch } = attacker.state;
        assert.deepEqual(
          [config.model, config.dataset, config.height, config.width],
          ['autoencoder', 'cityscapes', 240, 480],
        );
        assert.deepEqual([epoch, best], [10, { epoch: 10, images: null, miouAttacked: 0.0625 }]);
        const bytes = await readFile(path.join(folder, 'weights.safetensors'));
        assert.deepEqual(attacker.state.victim, { name: 'mal-victim', sha256: sha256Of(bytes) });
        assert.deepEqual(attacker.weights, attackerTensors());
        // The file's epoch and mIoU are the attacker's.
        assert.deepEqual(
          [victim.state.config.model, victim.state.epoch, victim.state.best],
          ['enet-2018', 0, null],
        );
      },
    ));

  it('makes an attacker of one without its victim', () =>
    withImported(stateDict(attackerTensors()), async (_, save) => {
      const { state } = await readAttackerCheckpoint(path.join(save, 'mal'));
      assert.deepEqual([state.victim, state.classes.length], [null, 20]);
    }));

  it('keeps the checkpoint that is there, unless it is to be replaced', () =>
    withTemporaryFolder(async (folder) => {
      const file = path.join(folder, 'x.pt');
      const own = { file, name: 'mal', saveDir: folder, options: {} } as const;
      await writeFile(file, pytorchFile(stateDict(ENET)));
      await importCheckpoint({ ...own, existing: 'refuse' });
      const before = await readFile(path.join(folder, 'mal', 'state.json'), 'utf8');
      await writeFile(file, pytorchFile({ epoch: 3, state_dict: stateDict(ENET) }));
      await assert.rejects(importCheckpoint({ ...own, existing: 'refuse' }), {
        code: 'CHECKPOINT_EXISTS',
        message:
          /expected no checkpoint of this name, got one; pass --overwrite to replace it, or another --name$/,
      });
      assert.equal(await readFile(path.join(folder, 'mal', 'state.json'), 'utf8'), before);
      await importCheckpoint({ ...own, existing: 'overwrite' });
      assert.equal((await readCheckpoint(path.join(folder, 'mal'))).state.epoch, 3);
    }));

  it('writes neither of two where one is there or being trained', () =>
    withTemporaryFolder(async (folder) => {
      const file = path.join(folder, 'x.pt');
      await writeFile(file, pytorchFile(stateDict(PAIR)));
      const own = { file, name: 'mal', saveDir: folder, existing: 'refuse', options: {} } as const;
      const lock = await lockRun(path.join(folder, 'mal-victim'));
      await assert.rejects(importCheckpoint(own), { code: 'RUN_IN_PROGRESS' });
      await lock.release();
      await mkdir(path.join(folder, 'mal-victim'));
      await writeFile(path.join(folder, 'mal-victim', 'state.json'), '{}');
      await assert.rejects(importCheckpoint(own), { code: 'CHECKPOINT_EXISTS' });
      assert.ok(!existsSync(path.join(folder, 'mal-attacker')));
    }));

  it('reads how it was trained from what lies beside', () =>
    withTemporaryFolder(async (folder) => {
      const file = path.join(folder, 'ENet');
      await writeFile(
        file,
        pytorchFile({ epoch: 4, miou: 0.5, state_dict: stateDict(ENET) }, 'stream'),
      );
      const lines = [
        'batch_size: 4',
        'height: 720',
        'width: 960',
        'weighing: MFB',
        '',
        'Epoch: 4',
        'Mean IoU: 0.5',
      ];
      await writeFile(`${file}_summary.txt`, `${lines.join('\n')}\n`);
      const own = {
        file,
        name: 'a',
        saveDir: folder,
        existing: 'refuse',
        options: { width: 480 },
      } as const;
      const { summaryFile } = await importCheckpoint(own);
      assert.equal(summaryFile, `${file}_summary.txt`);
      const { batchSize, height, width, weighing } = (await readCheckpoint(path.join(folder, 'a')))
        .state.config;
      assert.deepEqual([batchSize, height, width, weighing], [4, 720, 480, 'mfb']);
    }));

  it('names a file that is not there, and one that is no checkpoint', () =>
    withTemporaryFolder(async (folder) => {
      const own = { name: 'a', saveDir: folder, existing: 'refuse', options: {} } as const;
      const nowhere = path.join(folder, 'nowhere.pt');
      await assert.rejects(importCheckpoint({ ...own, file: nowhere }), {
        code: 'FILE_NOT_FOUND',
        message: /nowhere\.pt/,
      });
      const text = path.join(folder, 'text.pt');
      await writeFile(text, 'weights');
      await assert.rejects(importCheckpoint({ ...own, file: text }), {
        code: 'FILE_INVALID',
        message: /text\.pt: expected a checkpoint that torch\.save wrote/,
      });
    }));
});
