import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createRequire } from 'node:module';
import type axe from 'axe-core';
import { chromium } from 'playwright-core';
import { DEFAULT_MODELS_FOLDER } from '../../src/inference/open-model.js';
import type { FaultReport } from '../../src/report/fault-report/fault-report.js';
import type { GateOutcome } from '../../src/report/gate/check-gate.js';
import { runMains, segprobe } from '../support/cli.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeDrawnCamvid } from '../support/datasets.js';

/** Debian's package. */
const CHROMIUM = '/usr/bin/chromium';
const MODELS = [
  'enet-camvid.onnx',
  'enet-camvid.json',
  'mal-camvid-linf8.onnx',
  'mal-camvid-linf8.json',
];

describe('segprobe report and gate', function () {
  this.timeout(180_000);
  let folder: string;
  let remove: () => Promise<void>;
  let places: string[];
  let found: FaultReport;
  const out = (): string => path.join(folder, 'report');
  before(async () => {
    ({ folder, remove } = await scratchFolder());
    const [models, datasetDir] = [path.join(folder, 'models'), path.join(folder, 'camvid')];
    await mkdir(models);
    for (const file of MODELS) {
      await copyFile(path.join(DEFAULT_MODELS_FOLDER, file), path.join(models, file));
    }
    await writeDrawnCamvid(datasetDir, { train: 1, val: 3 }, { height: 180, width: 240 });
    places = ['--models', models, '--dataset-dir', datasetDir];
    const { code, stdout, stderr } = await segprobe(
      ...['report', ...places, '--victim', 'enet-camvid', '--attacker', 'mal-camvid-linf8'],
      ...['--out', out(), '--findings', '4', '--strength-images', '1', '--json'],
    );
    assert.equal(code, 0, stderr);
    found = JSON.parse(stdout) as FaultReport;
  });
  after(() => remove());

  it('prints one JSON object with the keys that were agreed on, and writes it', async () => {
    const { images, suspects, classes, evaluation } = found;
    assert.equal(images.length, 3);
    assert.ok(images.every(({ labelQuality }) => labelQuality! > 0 && labelQuality! < 1));
    const suspicions = images.map(({ suspicion }) => suspicion);
    assert.deepEqual(
      suspicions,
      [...suspicions].sort((a, b) => b - a),
    );
    assert.ok(suspects.length > 0);
    const scores = suspects.map(({ score }) => score);
    assert.deepEqual(
      scores,
      [...scores].sort((a, b) => b - a),
    );
    for (const { box, given, suggested } of suspects) {
      const [x0, y0, x1, y1] = box;
      assert.ok(x0 >= 0 && y0 >= 0 && x0 < x1 && y0 < y1 && x1 <= 240 && y1 <= 180, box.join());
      assert.notEqual(given, suggested);
    }
    for (const { iou, iouAttacked, fragility } of classes) {
      if (fragility !== null) assert.equal(fragility, 1 - iouAttacked! / iou!);
    }
    assert.equal(evaluation.images, 3);
    assert.ok(evaluation.miou! > 0 && evaluation.flippedShare! > 0.1);
    const { strengths, fileFaults, labelNoise, command } = found;
    assert.deepEqual(
      strengths!.points.map(({ linf }) => Math.round(255 * linf)),
      [0, 1, 2, 4, 6, 8],
    );
    assert.ok(strengths!.objects.every(({ box, pixels }) => box.length === 4 && pixels >= 24));
    assert.ok(fileFaults!.every(({ count, examples }) => count >= examples.length));
    assert.ok(labelNoise.object.regions + labelNoise.border.regions <= suspects.length);
    assert.match(command, /^segprobe report --victim enet-camvid .*--split val$/);
    const written = await readFile(path.join(out(), 'report.json'), 'utf8');
    assert.deepEqual(JSON.parse(written), found);
  });

  it('writes a page that shows it, needs nothing else and that everybody can use', async function () {
    if (!existsSync(CHROMIUM)) {
      process.stdout.write(`    (no Chromium in ${CHROMIUM}: apt-get install chromium)\n`);
      this.skip();
    }
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    try {
      const context = await browser.newContext({ viewport: { width: 390, height: 800 } });
      await context.setOffline(true);
      const page = await context.newPage();
      const faults: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error') faults.push(message.text());
      });
      page.on('request', (request) => {
        if (!/^(file|data):/.test(request.url())) faults.push(request.url());
      });
      await page.goto(`file://${path.join(out(), 'report.html')}`);
      const [first] = found.suspects;
      const heading = await page.locator('#suspects ~ article h3').first().innerText();
      assert.equal(
        heading,
        `1. ${first!.image}: labelled ${first!.given}, looks like ${first!.suggested}`,
      );
      const [pictures, ofFindings] = await page.evaluate<number[][]>(
        `['img', 'article img'].map((selector) =>
          [...document.querySelectorAll(selector)].map((image) => image.naturalWidth))`,
      );
      // Four suspects, and the images that fall; five pictures each. Besides, what the attacker adds.
      const count = ofFindings!.length;
      assert.ok(count >= 4 * 5 && count % 5 === 0, String(count));
      assert.equal(pictures!.length, count + 1);
      assert.ok(pictures!.every((width) => width > 0));
      await page.addScriptTag({ path: createRequire(import.meta.url).resolve('axe-core') });
      for (const [width, colorScheme] of [
        [390, 'light'],
        [1280, 'dark'],
        [1920, 'light'],
      ] as const) {
        await page.setViewportSize({ width, height: 800 });
        await page.emulateMedia({ colorScheme });
        const found = await page.evaluate<number>('document.documentElement.scrollWidth');
        assert.ok(found <= width, `${found} pixels wide at ${width}`);
        const { violations } = await page.evaluate(() =>
          (globalThis as unknown as { axe: typeof axe }).axe.run(),
        );
        const serious = violations.filter(
          ({ impact }) => impact === 'serious' || impact === 'critical',
        );
        assert.deepEqual(
          serious.map(({ id, nodes }) => `${id} at ${width}, ${colorScheme}: ${nodes[0]?.html}`),
          [],
        );
      }
      const charts = await page.locator('svg').allTextContents();
      const axes = [
        /wrong, in %/,
        /pixels of an object/,
        /share of objects/,
        /mIoU/,
        /share of the/,
      ];
      for (const axis of axes)
        assert.ok(
          charts.some((text) => axis.test(text)),
          String(axis),
        );
      assert.deepEqual(faults, []);
    } finally {
      await browser.close();
    }
  });

  it('reports on one scene alone, for a person', async () => {
    const { image } = found.images[0]!;
    const one = path.join(folder, 'one');
    const { code, stdout, stderr } = await segprobe(
      ...['report', ...places, '--image', image, '--out', one, '--no-check', '--findings', '1'],
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout, /enet-camvid on camvid val, 1 image,/);
    assert.match(stdout, new RegExp(`lowest label quality: ${image},`));
  });

  it('reports on drawn scenes without any folder, in text', async () => {
    const { code, stdout, stderr } = await segprobe(
      ...['report', '--dataset', 'sample', '--limit', '2', '--out', path.join(folder, 'drawn')],
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout, /on sample val, 2 images/);
  });

  it('refuses what it cannot report on, saying what it is', async () => {
    const runs: readonly (readonly [args: readonly string[], code: number, message: RegExp])[] = [
      [['report', ...places, '--image', 'nowhere'], 2, /--image: expected the name of a scene/],
      [['report', ...places, '--victim', 'nobody'], 1, /expected the name of a victim/],
      [['report', '--dataset', 'camvid'], 2, /expected --dataset-dir/],
      [['gate', 'nowhere.json', '--thresholds', 'x.json'], 1, /nowhere\.json/],
    ];
    const outcomes = await runMains(runs.map(([args]) => args));
    outcomes.forEach(({ code, stderr }, i) => {
      assert.match(stderr, runs[i]![2]);
      assert.equal(code, runs[i]![1], stderr);
    });
  });

  it('holds the report to thresholds: 0 where they hold, 4 where not', async () => {
    const report = path.join(out(), 'report.json');
    const thresholds = async (name: string, content: object): Promise<string> => {
      const file = path.join(folder, name);
      await writeFile(file, JSON.stringify(content));
      return file;
    };
    const [low, high, wrong] = [
      await thresholds('low.json', { miou: 0.01 }),
      await thresholds('high.json', { miou: 0.99, suspects: 0 }),
      await thresholds('wrong.json', { mIoU: 1 }),
    ];
    const [junit, markdown] = [path.join(folder, 'gate.xml'), path.join(folder, 'gate.md')];
    const files = ['--junit', junit, '--markdown', markdown];
    const holds = await segprobe('gate', report, '--thresholds', low, '--baseline', report);
    const fails = await segprobe('gate', report, '--thresholds', high, ...files, '--json');
    const refused = await segprobe('gate', report, '--thresholds', wrong);
    assert.equal(holds.code, 0, holds.stderr);
    assert.match(holds.stdout, /✓ mIoU: expected at least 1\.00 %[\s\S]*all holds/);
    assert.equal(fails.code, 4, fails.stderr);
    const outcome = JSON.parse(fails.stdout) as GateOutcome;
    assert.equal(outcome.checks[0]!.holds, false);
    assert.match(
      await readFile(junit, 'utf8'),
      /<failure message="mIoU: expected at least 99\.00 %/,
    );
    assert.match(await readFile(markdown, 'utf8'), /does not hold/);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /wrong\.json: expected thresholds/);
  });
});
