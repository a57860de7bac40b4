import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { decode } from 'fast-png';
import { strongestChannel, testPicture, toPng } from '../support/rgb-pictures.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { TINY_FACTS, writeTinyVictim } from '../support/tiny-models.js';

const BIN = fileURLToPath(new URL('../../bin/segprobe.js', import.meta.url));

describe('segprobe segment', () => {
  let folder: string;
  let remove: () => Promise<void>;
  const picture = testPicture(24, 16);
  before(async () => {
    ({ folder, remove } = await scratchFolder());
    await writeTinyVictim(path.join(folder, 'models'), 'tiny');
    await writeFile(path.join(folder, 'street.png'), await toPng(picture));
    await writeFile(path.join(folder, 'other.png'), await toPng(testPicture(30, 20, 7)));
    await writeFile(path.join(folder, 'broken.png'), 'no picture');
  });
  after(() => remove());

  interface Outcome {
    readonly code: number;
    readonly stdout: string;
    readonly stderr: string;
  }
  /** Runs the command in the scratch folder, with its own models and output folder. */
  function run(out: string, ...args: string[]): Promise<Outcome> {
    const words = ['segment', '--models', 'models', '--out', out, ...args];
    return new Promise((resolve) => {
      execFile(process.execPath, [BIN, ...words], { cwd: folder }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });
  }

  it('writes what was asked for, and one JSON object', async () => {
    const formats = ['--format', 'mask,labels,overlay,json'];
    const { code, stdout, stderr } = await run(
      'all',
      'street.png',
      'other.png',
      '--json',
      ...formats,
    );
    assert.deepEqual([code, stderr], [0, '']);
    const { images } = JSON.parse(stdout) as { images: Record<string, unknown>[] };
    assert.deepEqual(
      images.map(({ image, model, width, height }) => [image, model, width, height]),
      [
        ['street.png', 'tiny', 24, 16],
        ['other.png', 'tiny', 30, 20],
      ],
    );
    const endings = ['json', 'labels.png', 'mask.png', 'overlay.png'];
    assert.deepEqual(
      (await readdir(path.join(folder, 'all'))).sort(),
      ['other', 'street'].flatMap((stem) => endings.map((ending) => `${stem}.${ending}`)),
    );
    assert.deepEqual(
      images[0]!['files'],
      ['mask', 'overlay', 'labels']
        .map((kind) => `all/street.${kind}.png`)
        .concat('all/street.json'),
    );
    const expected = Array.from(strongestChannel(picture));
    const mask = decode(await readFile(path.join(folder, 'all/street.mask.png')));
    assert.deepEqual([Array.from(mask.data), mask.palette], [expected, TINY_FACTS.palette]);
    const labels = decode(await readFile(path.join(folder, 'all/street.labels.png')));
    assert.deepEqual([Array.from(labels.data), labels.channels], [expected, 1]);
    const summary = JSON.parse(await readFile(path.join(folder, 'all/street.json'), 'utf8')) as {
      classes: { pixels: number }[];
    };
    assert.deepEqual(
      summary.classes.map(({ pixels }) => pixels),
      [0, 1, 2].map((k) => expected.filter((label) => label === k).length),
    );
  });

  it('says in one line what it saw in a picture', async () => {
    const { code, stdout } = await run('plain', 'street.png');
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^street\.png: 24×16, \d+ % \w+, \d+ % \w+, \d+ % \w+ → plain\/street\.mask\.png, plain\/street\.overlay\.png\n$/,
    );
  });

  for (const { name, args, code, message } of [
    {
      name: 'a file that is no picture',
      args: ['street.png', 'broken.png'],
      code: 1,
      message: /^segprobe: broken\.png: .* got text \[IMAGE_UNSUPPORTED\]\n$/,
    },
    {
      name: 'a file that is not there',
      args: ['nothing.png'],
      code: 1,
      message: /nothing\.png: .*\[FILE_NOT_FOUND\]\n$/,
    },
    {
      name: 'a model that is not there',
      args: ['street.png', '--model', 'nobody'],
      code: 1,
      message: /victim \(tiny\), got "nobody" \[MODEL_NOT_FOUND\]\n$/,
    },
    {
      name: 'a format that does not exist, as wrong usage',
      args: ['street.png', '--format', 'mask,gif'],
      code: 2,
      message: /expected some of mask, overlay, labels, json, got "gif"/,
    },
    {
      name: 'two pictures that would write to one file, as wrong usage',
      args: ['street.png', './models/../street.png'],
      code: 2,
      message: /pictures of different names, got street\.png and \.\/models\/\.\.\/street\.png/,
    },
  ]) {
    it(`refuses ${name}`, async () => {
      const outcome = await run('refused', ...args);
      assert.deepEqual([outcome.code, outcome.stdout], [code, '']);
      assert.match(outcome.stderr, message);
    });
  }
});
