import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { decode } from 'fast-png';
import { isNativeTensorFlowReady } from '../../src/graph/native/link.js';
import { encodeLabelPng } from '../../src/inference/palette-png.js';
import { runMains, segprobe } from '../support/cli.js';
import { drawScene } from '../support/datasets.js';
import { strongestChannel, testPicture, toPng } from '../support/rgb-pictures.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { tinyAttacker, writeTinyVictim } from '../support/tiny-models.js';

const SAVE = fileURLToPath(new URL('../../save', import.meta.url));
const SIZE = { width: 24, height: 16 };

describe('segprobe attack', function () {
  this.timeout(120_000);
  let folder: string;
  let remove: () => Promise<void>;
  const picture = testPicture(SIZE.width, SIZE.height);
  const at = (...names: string[]): string => path.join(folder, ...names);
  before(async () => {
    ({ folder, remove } = await scratchFolder());
    await writeTinyVictim(at('models'), 'tiny');
    await writeFile(at('models', 'redder.onnx'), tinyAttacker([40, 0, -20]));
    await mkdir(at('labels'));
    await writeFile(at('street.png'), await toPng(picture));
    const labels = strongestChannel(picture);
    await writeFile(at('labels', 'street.png'), await encodeLabelPng(labels, SIZE));
  });
  after(() => remove());

  const run = (out: string, ...args: string[]) =>
    segprobe('attack', '--models', at('models'), '--out', at(out), ...args);

  it('writes the attacked picture, and what the victim says of it, by hand arithmetic', async () => {
    const formats = ['--format', 'attacked,mask,json', '--labels', at('labels')];
    const { code, stdout, stderr } = await run('all', at('street.png'), '--json', ...formats);
    assert.deepEqual([code, stderr], [0, '']);
    const expected = picture.data.map((value, i) =>
      Math.min(255, Math.max(0, value + [40, 0, -20][i % 3]!)),
    );
    const attacked = decode(await readFile(at('all', 'street.attacked.png')));
    assert.deepEqual([...attacked.data], [...expected]);
    const [before, after] = [picture, { ...picture, data: expected }].map(strongestChannel);
    const mask = decode(await readFile(at('all', 'street.mask.png')));
    assert.deepEqual([...mask.data], [...after!]);
    const { images } = JSON.parse(stdout) as { images: Record<string, unknown>[] };
    const found = images[0]!;
    const flipped = [...before!].filter((label, i) => label !== after![i]).length;
    assert.deepEqual(
      [found['method'], found['linf'], found['flippedShare'], found['miou']],
      ['redder', 40 / 255, flipped / before!.length, 1],
    );
    const written = JSON.parse(await readFile(at('all', 'street.json'), 'utf8')) as object;
    assert.deepEqual({ ...written, files: found['files'] }, found);
    assert.deepEqual((await readdir(at('all'))).sort(), [
      'street.attacked.png',
      'street.json',
      'street.mask.png',
    ]);
  });

  it('says in one line what became of a picture', async () => {
    const { stdout } = await run('plain', at('street.png'), '--method', 'redder');
    assert.match(
      stdout,
      /street\.png, redder: [\d.]+ % of pixels change class, PSNR [\d.]+ dB, L∞ 40\/255 → \S+street\.attacked\.png, \S+street\.overlay\.png\n$/,
    );
  });

  it('adds noise of a budget, and changes nothing at strength 0', async () => {
    const changed = async (...args: string[]): Promise<number[]> => {
      const { code, stderr } = await run('noise', at('street.png'), ...args, '--method', 'noise');
      assert.equal(code, 0, stderr);
      const { data } = decode(await readFile(at('noise', 'street.attacked.png')));
      return [...new Set(Array.from(data, (value, i) => Math.abs(value - picture.data[i]!)))];
    };
    const steps = await changed('--epsilon', '5/255');
    assert.equal(Math.max(...steps), 5);
    assert.deepEqual(await changed('--strength', '0'), [0]);
  });

  it('attacks by the gradients of the checkpoint, within the budget', async function () {
    if (!isNativeTensorFlowReady()) this.skip();
    const { image, height, width } = drawScene(1, { height: 360, width: 480 });
    await writeFile(at('drawn.png'), await toPng({ data: image, height, width }));
    const { code, stderr } = await segprobe(
      ...['attack', at('drawn.png'), '--model', 'enet-camvid', '--method', 'fgsm'],
      ...['--epsilon', '2/255', '--save-dir', SAVE, '--out', at('fgsm'), '--format', 'attacked'],
    );
    assert.equal(code, 0, stderr);
    assert.match(stderr, /gradients: TensorFlow/);
    const { data } = decode(await readFile(at('fgsm', 'drawn.attacked.png')));
    const steps = Array.from(data, (value, i) => Math.abs(value - image[i]!));
    assert.ok(steps.every((step) => step <= 2));
    assert.ok(steps.filter((step) => step === 2).length > 0.9 * steps.length);
  });

  it('refuses what cannot be attacked, saying what it is', async () => {
    const street = at('street.png');
    const cases = [
      {
        args: [street, '--method', 'nobody'],
        code: 1,
        message: /got "nobody" \[MODEL_NOT_FOUND\]/,
      },
      { args: [at('none.png')], code: 1, message: /none\.png: .*\[FILE_NOT_FOUND\]/ },
      { args: [street, '--strength', '2'], code: 2, message: /from 0 to 1, got 2/ },
      {
        args: [street, '--method', 'jpeg', '--epsilon', '8/255'],
        code: 2,
        message: /--epsilon: expected noise or an attack by gradients \(fgsm, .*\), got jpeg/,
      },
      {
        args: [street, '--method', 'pgd', '--save-dir', folder],
        code: 1,
        message: /tiny: expected the checkpoint of tiny, .*\[CHECKPOINT_NOT_FOUND\]/,
      },
      {
        args: [street, '--method', 'pgd', '--strength', '0.5'],
        code: 2,
        message: /--strength: expected an attacker or a control without --epsilon/,
      },
      {
        args: [street, '--method', 'noise', '--epsilon', '8/255', '--strength', '0.5'],
        code: 2,
        message: /got a budget, which says how much already/,
      },
      {
        args: [street, '--method', 'redder', '--steps', '5'],
        code: 2,
        message: /--steps: expected --method fgsm\|.* beside it, got none/,
      },
      { args: [street, '--format', 'gif'], code: 2, message: /expected some of attacked, mask/ },
      { args: [street, '--labels', folder], code: 1, message: /street\.png/ },
    ];
    const lines = cases.map(({ args }) => [
      ...['attack', '--models', at('models'), '--out', at('refused')],
      ...args,
    ]);
    const outcomes = await runMains(lines);
    cases.forEach(({ args, code, message }, i) => {
      assert.deepEqual([outcomes[i]!.code, outcomes[i]!.stdout], [code, ''], args.join(' '));
      assert.match(outcomes[i]!.stderr, message);
    });
  });
});
