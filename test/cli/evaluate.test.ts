import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isNativeTensorFlowReady } from '../../src/graph/native/link.js';
import { DEFAULT_MODELS_FOLDER } from '../../src/inference/open-model.js';
import type { MatchedControl } from '../../src/inference/matched-controls.js';
import type { EvaluationResult } from '../../src/shared/evaluation.js';
import { camvidFolder } from '../../bench/camvid-folder.js';
import { runMains, segprobe, startSegprobe } from '../support/cli.js';
import { writeDrawnCamvid } from '../support/datasets.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { tinyAttacker } from '../support/tiny-models.js';

interface Matched extends EvaluationResult {
  readonly matched: readonly MatchedControl[];
}
interface Curve {
  readonly points: readonly {
    readonly method: string;
    readonly epsilon: number;
    readonly result: EvaluationResult;
  }[];
}

/** The shipped victim and its checkpoint. */
const VICTIM = 'enet-camvid';
const SIZE = { height: 64, width: 96 };

describe('segprobe evaluate', function () {
  this.timeout(120_000);
  let folder: string;
  let remove: () => Promise<void>;
  let places: string[];
  before(async () => {
    ({ folder, remove } = await scratchFolder());
    const [models, datasetDir] = [path.join(folder, 'models'), path.join(folder, 'camvid')];
    await mkdir(models);
    for (const file of [`${VICTIM}.onnx`, `${VICTIM}.json`]) {
      await copyFile(path.join(DEFAULT_MODELS_FOLDER, file), path.join(models, file));
    }
    await writeFile(path.join(models, 'redder.onnx'), tinyAttacker([40, 0, -20.2]));
    await writeDrawnCamvid(datasetDir, { train: 1, val: 5 }, SIZE);
    const size = ['--height', String(SIZE.height), '--width', String(SIZE.width)];
    places = ['--models', models, '--dataset-dir', datasetDir, ...size];
  });
  after(() => remove());

  async function result(...args: string[]): Promise<EvaluationResult> {
    const { code, stdout, stderr } = await segprobe('evaluate', ...places, ...args, '--json');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^\{.*\}\n$/);
    return JSON.parse(stdout) as EvaluationResult;
  }

  it('prints one JSON object with the keys that were agreed on, and writes it to a file', async () => {
    const out = path.join(folder, 'result.json');
    const found = await result('--victim', VICTIM, '--attacker', 'redder', '--out', out);
    for (const key of [
      'miou',
      'miouAttacked',
      'pixelAccuracy',
      'pixelAccuracyAttacked',
      'ssim',
    ] as const)
      assert.ok(found[key]! > 0 && found[key]! < 1, `${key}: ${found[key]}`);
    const { images, victim, attacker, dataset, split } = found;
    assert.deepEqual(
      [images, victim, attacker, dataset, split],
      [5, VICTIM, 'redder', 'camvid', 'val'],
    );
    assert.ok(found.psnrDb! > 10 && found.l2! > 0 && found.imagesPerSecond > 0);
    assert.equal(found.linf, 40 / 255);
    for (const { name, iou, iouAttacked, pixels } of found.classes) {
      assert.ok(name.length > 0 && pixels >= 0);
      for (const value of [iou, iouAttacked])
        assert.ok(value === null || (value >= 0 && value <= 1));
    }
    assert.deepEqual(JSON.parse(await readFile(out, 'utf8')), found);
  });

  it('has null for the attack without an attacker, and takes the first victim by itself', async () => {
    const found = await result('--limit', '2');
    const { attacker, miouAttacked, pixelAccuracyAttacked, psnrDb, ssim, l2, linf } = found;
    assert.deepEqual(
      [attacker, miouAttacked, pixelAccuracyAttacked, psnrDb, ssim, l2, linf],
      [null, null, null, null, null, null, null],
    );
    assert.deepEqual([found.images, found.victim], [2, VICTIM]);
  });

  it('shows a person the classes before and after', async () => {
    const { code, stdout } = await segprobe('evaluate', ...places, '--attacker', 'redder');
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^enet-camvid on camvid val, 5 images, [\d.]+ images\/s\n +IoU +clean +attacked\n/,
    );
    assert.match(stdout, /\n {2}mIoU +\d+\.\d\d % +\d+\.\d\d %\n/);
    assert.match(
      stdout,
      /\nredder: PSNR [\d.]+ dB, SSIM [\d.]+, L2 [\d.]+, L∞ 40\/255, [\d.]+ % of pixels change class\n$/,
    );
  });

  it('compares an attacker with controls at equal PSNR and with noise at equal L∞', async () => {
    const args = ['--victim', VICTIM, '--attacker', 'redder', '--limit', '2', '--matched'];
    const found = (await result(...args)) as Matched;
    assert.deepEqual(
      found.matched.map(({ control, by }) => `${control} ${by}`),
      ['noise linf', ...['noise', 'blur', 'hue', 'jpeg'].map((name) => `${name} psnr`)],
    );
    const [bySteps, byPsnr] = found.matched;
    assert.equal(bySteps!.result.linf, found.linf);
    assert.ok(Math.abs(byPsnr!.result.psnrDb! - found.psnrDb!) < 0.5);
    assert.equal(byPsnr!.result.miou, found.miou);
    assert.ok(byPsnr!.result.miouAttacked! <= 1);
    const { stdout } = await segprobe('evaluate', ...places, ...args);
    assert.match(stdout, /\n {2}noise at equal L∞ +mIoU +[\d.]+ %, PSNR [\d.]+ dB, /);
  });

  describe('--attack', () => {
    before(function () {
      if (!isNativeTensorFlowReady()) skip(this, 'native TensorFlow is not set up');
    });

    it('draws the security curve, noise of the same norm beside it', async () => {
      const chart = path.join(folder, 'curve');
      const args = ['--attack', 'fgsm', '--epsilon', '8/255,2/255', '--limit', '2', '-b', '2'];
      const found = (await result(...args, '--chart', chart)) as unknown as Curve;
      assert.deepEqual(
        found.points.map(({ method, epsilon, result: { linf } }) => [method, epsilon, linf]),
        [2, 8].flatMap((steps) =>
          ['fgsm', 'noise'].map((method) => [method, steps / 255, steps / 255]),
        ),
      );
      for (const { result: own } of found.points) assert.equal(own.images, 2);
      assert.match(await readFile(`${chart}.svg`, 'utf8'), /<svg[^>]*>.*enet-camvid under attack/s);
      assert.equal((await readFile(`${chart}.png`)).subarray(1, 4).toString(), 'PNG');
    });

    it('shows a person a row a budget', async () => {
      const args = ['--attack', 'fgsm', '--epsilon', '4/255', '--limit', '1'];
      const { stdout, stderr } = await segprobe('evaluate', ...places, ...args);
      assert.match(
        stdout,
        /^enet-camvid on camvid val, 1 image: mIoU under attack\n {2}ε +fgsm +noise\n {2}clean( +[\d.]+ %){2}\n {2}4\/255( +[\d.]+ %){2}\n/,
      );
      assert.match(stderr, /gradients: TensorFlow/);
    });
  });

  it('ends with 130 soon after Ctrl-C', async () => {
    const running = startSegprobe('evaluate', '--dataset', 'sample', '--json');
    await running.saw(/images of/);
    running.child.kill('SIGINT');
    const { code, stdout, stderr } = await running.outcome;
    assert.deepEqual([code, stdout], [130, '']);
    assert.match(stderr, /stopping; Ctrl-C again ends at once\n.*\[CANCELLED\]\n$/s);
  });

  it('refuses what cannot be evaluated, saying what it is', async () => {
    const cases = [
      {
        args: ['--victim', 'redder'],
        code: 1,
        message:
          /name of a victim \(enet-camvid\), got "redder", which is an attacker \[MODEL_NOT_FOUND\]/,
      },
      {
        args: ['--attacker', VICTIM],
        code: 1,
        message:
          /name of an attacker \(redder\), got "enet-camvid", which is a victim \[MODEL_NOT_FOUND\]/,
      },
      { args: ['--dataset', 'cityscapes'], code: 1, message: /camvid: .*leftImg8bit/s },
      { args: ['--dataset', 'nothing'], code: 2, message: /Allowed choices are/ },
      { args: ['--split', 'test'], code: 1, message: /test/ },
      { args: ['--height', '100'], code: 2, message: /expected a multiple of 8, got 100/ },
      { args: ['--threads', '0'], code: 2, message: /from 1 to 256, got 0/ },
      { args: ['--limit', '0'], code: 2, message: /above 0, got 0/ },
      {
        args: ['--attack', 'pgd', '--attacker', 'redder'],
        code: 2,
        message: /--attack or --attacker, got both/,
      },
      {
        args: ['--attack', 'mal'],
        code: 2,
        message: /--attack: expected some of fgsm, .* got mal/,
      },
      { args: ['--attack', 'blur'], code: 2, message: /got blur, which has no epsilon/ },
      { args: ['--epsilon', '8/255'], code: 2, message: /--epsilon: expected --attack beside it/ },
      {
        args: ['--attacker', 'redder', '--steps', '5'],
        code: 2,
        message: /--steps: expected --attack beside it, got none/,
      },
      {
        args: ['--attack', 'noise', '--norm', 'l2'],
        code: 2,
        message: /--norm: expected linf for noise, got l2/,
      },
      { args: ['--matched'], code: 2, message: /--matched: expected --attacker beside it/ },
      {
        args: ['--attack', 'pgd', '--save-dir', 'nowhere'],
        code: 1,
        message: /nowhere.enet-camvid: expected the checkpoint .*\[CHECKPOINT_NOT_FOUND\]/,
      },
      {
        args: ['--attack', 'pgd', '--goal', 'vanish:moon'],
        code: 2,
        message: /moon/,
      },
    ];
    const outcomes = await runMains(cases.map(({ args }) => ['evaluate', ...places, ...args]));
    cases.forEach(({ args, code, message }, i) => {
      assert.deepEqual([outcomes[i]!.code, outcomes[i]!.stdout], [code, ''], args.join(' '));
      assert.match(outcomes[i]!.stderr, message);
    });
  });

  for (const { name, limit } of [
    { name: 'on some scenes', limit: ['--limit', '6'] },
    { name: 'on the whole of val @slow', limit: [] },
  ]) {
    it(`finds the mIoU of segprobe test to 1e-4 on CamVid, ${name}`, async function () {
      this.timeout(600_000);
      if (limit.length === 0 && !process.env['SEGPROBE_SLOW']) this.skip();
      if (!isNativeTensorFlowReady()) skip(this, 'native TensorFlow is not set up');
      if (!existsSync(camvidFolder())) skip(this, `no CamVid in ${camvidFolder()}`);
      const data = ['--dataset', 'camvid', '--dataset-dir', camvidFolder(), ...limit, '--json'];
      const outcomes = [
        await segprobe('test', '--name', VICTIM, ...data),
        await segprobe('evaluate', '--victim', VICTIM, ...data),
      ];
      const [test, evaluate] = outcomes.map(({ stdout, stderr }) => {
        assert.notEqual(stdout, '', stderr);
        return JSON.parse(stdout) as EvaluationResult;
      }) as [EvaluationResult, EvaluationResult];
      assert.ok(
        Math.abs(evaluate.miou! - test.miou!) <= 1e-4,
        `expected ${test.miou}, got ${evaluate.miou}`,
      );
      assert.ok(Math.abs(evaluate.pixelAccuracy! - test.pixelAccuracy!) <= 1e-4);
      assert.deepEqual(
        evaluate.classes.map(({ pixels }) => pixels),
        test.classes.map(({ pixels }) => pixels),
      );
    });
  }
});

function skip(context: Mocha.Context, why: string): never {
  process.stdout.write(`    skipped: ${why}\n`);
  return context.skip();
}
