import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { classNames, CAMVID } from '../../src/shared/classes.js';
import { attackerTensors, prefixed, victimTensors } from '../export/import/networks.js';
import { pytorchFile, stateDict } from '../export/import/pytorch-file.js';
import { runMains, segprobe } from '../support/cli.js';
import { scratchFolder } from '../support/scratch-folder.js';

describe('segprobe import-pytorch', function () {
  this.timeout(60_000);
  let folder: string;
  let remove: () => Promise<void>;
  const at = (...names: string[]): string => path.join(folder, ...names);
  const save = (): string[] => ['--save-dir', at('save')];

  before(async () => {
    ({ folder, remove } = await scratchFolder());
    const enet = stateDict(victimTensors('enet', 12));
    await writeFile(
      at('best.model.pth'),
      pytorchFile({ epoch: 280, miou: 0.625, state_dict: enet }),
    );
    const pair = {
      ...stateDict(attackerTensors()),
      ...stateDict(prefixed('bboxmodel.', victimTensors('enet-2018', 20))),
    };
    await writeFile(
      at('mal.pt'),
      pytorchFile({ epoch: 10, miou: 0.0625, state_dict: pair }, 'stream'),
    );
    await writeFile(at('seven.pt'), pytorchFile(stateDict(victimTensors('enet', 7))));
    await writeFile(at('text.pt'), 'weights');
  });
  after(() => remove());

  it('says what the file holds, where it lies now and what to do next', async () => {
    const { code, stdout, stderr } = await segprobe(
      'import-pytorch',
      at('best.model.pth'),
      ...save(),
    );
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(
      stdout,
      `imported ${at('best.model.pth')}

${at('save', 'best.model')}: ENet, as PyTorch-ENet has it now (enet), 350,652 parameters
  classes   12, camvid: sky, building, pole, road, …
  size      480×360
  trained   280 epochs, best mIoU on val 62.50 % by its own measure
  resuming  no: optimizer: expected Adam's state, got none

next: segprobe test --name best.model --save-dir ${at('save')} --dataset-dir DIR
next: segprobe export --name best.model --save-dir ${at('save')}
`,
    );
  });

  it('prints one JSON object, of two checkpoints where there are two networks', async () => {
    const { code, stdout, stderr } = await segprobe(
      'import-pytorch',
      at('mal.pt'),
      '--json',
      ...save(),
    );
    assert.deepEqual([code, stderr], [0, '']);
    const { file, checkpoints } = JSON.parse(stdout) as {
      file: string;
      checkpoints: Record<string, unknown>[];
    };
    assert.equal(file, at('mal.pt'));
    assert.deepEqual(
      checkpoints.map(({ kind, model, name, parameters, epoch, miou, resumable }) => ({
        kind,
        model,
        name,
        parameters,
        epoch,
        miou,
        resumable,
      })),
      [
        {
          kind: 'attacker',
          model: 'autoencoder',
          name: 'mal-attacker',
          parameters: 440,
          epoch: 10,
          miou: 0.0625,
          resumable: false,
        },
        {
          kind: 'victim',
          model: 'enet-2018',
          name: 'mal-victim',
          parameters: 358_134,
          epoch: null,
          miou: null,
          resumable: false,
        },
      ],
    );
    const { dataset, height, width, classes, folder: victim } = checkpoints[1]!;
    assert.deepEqual(
      [dataset, height, width, (classes as string[]).length],
      ['cityscapes', 240, 480, 20],
    );
    assert.deepEqual((await readdir(victim as string)).sort(), [
      'metrics.jsonl',
      'state.json',
      'summary.txt',
      'weights.safetensors',
    ]);
  });

  it('numbers the classes that it does not know, or takes their names from a file', async () => {
    const numbered = await segprobe('import-pytorch', at('seven.pt'), ...save());
    assert.match(
      numbered.stdout,
      /classes {3}7, folder: class 0, class 1, class 2, class 3, … \(names unknown: --classes FILE\)/,
    );
    const classes = classNames(CAMVID)
      .slice(0, 7)
      .map((name, i) => ({ name, color: [i, 0, 0] }));
    await writeFile(at('classes.json'), JSON.stringify(classes));
    const named = await segprobe(
      'import-pytorch',
      at('seven.pt'),
      '--classes',
      at('classes.json'),
      '--overwrite',
      ...save(),
    );
    assert.match(named.stdout, /classes {3}7, folder: sky, building, pole, road, …\n/);
  });

  it('makes a checkpoint that can be tested, also where no output stands for what is not labelled', async () => {
    const file = at('eleven.pt');
    await writeFile(file, pytorchFile(stateDict(victimTensors('enet', 11))));
    const sample = ['--dataset', 'sample', '--height', '32', '--width', '32'];
    assert.equal((await segprobe('import-pytorch', file, ...sample, ...save())).code, 0);
    const args = ['--name', 'eleven', '--limit', '1', '--device', 'cpu', '--json', ...save()];
    const { code, stdout, stderr } = await segprobe('test', ...args);
    assert.equal(code, 0, stderr);
    const { classes, images } = JSON.parse(stdout) as { classes: unknown[]; images: number };
    assert.deepEqual([classes.length, images], [11, 1]);
  });

  it('refuses in one line', async () => {
    const file = at('best.model.pth');
    const outcomes = await runMains([
      ['import-pytorch', file, ...save()],
      ['import-pytorch', at('nowhere.pt'), ...save()],
      ['import-pytorch', at('text.pt'), ...save()],
      ['import-pytorch', file, '--name', '../up', ...save()],
      ['import-pytorch', file, '--name', 'x', '--height', '100', ...save()],
      ['import-pytorch', file, '--name', 'x', '--dataset', 'cityscapes', ...save()],
      ['import-pytorch'],
    ]);
    const expected = [
      [
        1,
        /best\.model: expected no checkpoint of this name, got one; pass --overwrite to replace it, or another --name \[CHECKPOINT_EXISTS\]/,
      ],
      [1, /nowhere\.pt: expected a file or folder, got nothing of that name \[FILE_NOT_FOUND\]/],
      [
        1,
        /text\.pt: expected a checkpoint that torch\.save wrote, got other bytes \[FILE_INVALID\]/,
      ],
      [2, /expected the name of a checkpoint/],
      [2, /--height: expected a multiple of 8, got 100 \[USAGE\]/],
      [1, /expected the classes of cityscapes, got 12 outputs; .* \[DATASET_INVALID\]/],
      [2, /missing required argument 'file'/],
    ] as const;
    expected.forEach(([code, message], i) => {
      assert.equal(outcomes[i]!.code, code, outcomes[i]!.stderr);
      assert.match(outcomes[i]!.stderr, message);
      assert.equal(outcomes[i]!.stdout, '');
    });
    const names = await readdir(at('save'));
    assert.ok(!names.includes('x'), String(names));
  });
});
