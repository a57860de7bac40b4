import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { pino } from 'pino';
import type { Browser, Page } from 'playwright-core';
import { DEFAULT_MODELS_FOLDER, openModels } from '../../src/inference/open-model.js';
import { type RunningServer, startServer } from '../../src/serve/server.js';
import { drawScene } from '../../src/data/street/draw-scene.js';
import { startChromium, watchFaults } from '../support/chromium.js';
import { testPicture, toPng } from '../support/rgb-pictures.js';
import { answered, figure, openPage } from './open-page.js';
import { sharesEqualLabels } from './share-equal-labels.js';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** Of the pixels' classes, here and on the server. */
const LEAST_EQUAL = 0.999;

describe('the page, in Chromium', function () {
  // Two cores compute, and others may want them too.
  this.timeout(180_000);
  let server: RunningServer;
  let browser: Browser;
  let page: Page;
  let faults: string[];

  before(async function () {
    browser = await startChromium(this);
    server = await startServer({
      models: await openModels(DEFAULT_MODELS_FOLDER),
      logger: pino({ level: 'silent' }),
      port: 0,
    });
    await server.ready;
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(120_000);
    faults = watchFaults(page);
    await page.goto(server.url);
    await page.waitForSelector('.chip-ready');
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  const flipped = async (): Promise<number> => parseFloat(await figure(page, 'Pixels flipped'));
  const drag = (name: string, value: number): Promise<void> =>
    page.getByRole('slider', { name }).fill(String(value));

  it('shows a scene before and after an attack that hardly anybody sees, without a click', async () => {
    assert.equal(
      await page.getByLabel('Attacker', { exact: true }).inputValue(),
      'mal-camvid-linf8',
    );
    assert.equal(await figure(page, 'L∞'), '8/255');
    assert.ok((await flipped()) > 50);
    assert.match(await page.locator('h1').innerText(), /8 of 255 steps, and [5-9]\d.* %/);
    assert.match(await figure(page, 'mIoU before'), /^[2-9]\d.* %$/);
    assert.equal(await page.locator('.classes button').count(), 12);
  });

  it('computes in this browser, with threads', async () => {
    assert.equal(await page.evaluate('crossOriginIsolated'), true);
    assert.match(
      await page.locator('.chip').innerText(),
      /in this browser, WebAssembly, [2-8] threads/,
    );
  });

  for (const pane of ['before', 'after'] as const) {
    it(`labels the picture ${pane} the attack as the server does`, async () => {
      const scene = await fetch(`${server.url}/samples/0.webp`);
      const share = await sharesEqualLabels(page, server.url, pane, await scene.blob());
      assert.ok(share >= LEAST_EQUAL, `${share}`);
    });
  }

  for (const size of [
    { width: 1024, height: 768 },
    { width: 333, height: 217 },
  ]) {
    it(`labels a picture of ${size.width}×${size.height} as the server does`, async () => {
      const { image, ...scene } = drawScene(11, size);
      const buffer = await toPng({ ...scene, data: new Uint8Array(image) });
      const file = { name: 'drawn.png', mimeType: 'image/png', buffer };
      await answered(page, () => page.getByLabel('A picture of your own').setInputFiles(file));
      const picture = new Blob([new Uint8Array(buffer)], { type: 'image/png' });
      for (const pane of ['before', 'after'] as const) {
        const share = await sharesEqualLabels(page, server.url, pane, picture);
        assert.ok(share >= LEAST_EQUAL, `${pane}: ${share}`);
      }
    });
  }

  it('changes less at less strength or epsilon, and nothing without an attack', async () => {
    await answered(page, () => drag('Strength', 50));
    assert.equal(await figure(page, 'L∞'), '4/255');
    await answered(page, () => drag('Epsilon', 2));
    assert.equal(await figure(page, 'L∞'), '2/255');
    await answered(page, () => page.getByLabel('Attacker', { exact: true }).selectOption(''));
    assert.deepEqual([await flipped(), await figure(page, 'PSNR')], [0, '∞']);
  });

  it('has all that was chosen in its link', async () => {
    const fragment = new URL(page.url()).hash;
    assert.match(fragment, /strength=50&epsilon=2/);
    const other = await openPage(browser, server.url, { fragment: fragment.slice(1) });
    assert.equal(await other.getByRole('slider', { name: 'Epsilon' }).inputValue(), '2');
    assert.equal(await other.getByLabel('Attacker', { exact: true }).inputValue(), '');
    await other.close();
  });

  it('takes another scene, and a picture of one’s own', async () => {
    await answered(page, () => page.locator('.samples button').nth(2).click());
    assert.equal(await page.locator('.samples button').nth(2).getAttribute('aria-pressed'), 'true');
    const buffer = await toPng(testPicture(96, 64));
    const file = { name: 'mine.png', mimeType: 'image/png', buffer };
    await answered(page, () => page.getByLabel('A picture of your own').setInputFiles(file));
    assert.match(await page.locator('.sources .note').innerText(), /^mine.png, 96×64/);
    assert.equal(await figure(page, 'mIoU before'), '–');
  });

  it('says in words what is wrong with a file, and keeps what it shows', async () => {
    const file = { name: 'note.png', mimeType: 'image/png', buffer: Buffer.from('no picture') };
    await page.getByLabel('A picture of your own').setInputFiles(file);
    await page.locator('.fault').waitFor();
    assert.match(
      await page.locator('.fault').innerText(),
      /note\.png: expected a picture .*got text/,
    );
    assert.match(await page.locator('.sources .note').innerText(), /^mine.png, 96×64/);
    await page.getByRole('button', { name: 'Close' }).click();
    assert.equal(await page.locator('.fault').count(), 0);
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`has nothing serious that axe finds, ${colorScheme}`, async () => {
      await page.emulateMedia({ colorScheme });
      await page.evaluate(await readFile(AXE, 'utf8'));
      const { violations } = await page.evaluate<{ violations: Violation[] }>('axe.run(document)');
      const serious = violations.filter(
        ({ impact }) => impact === 'serious' || impact === 'critical',
      );
      assert.deepEqual(
        serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join()}`),
        [],
      );
    });
  }

  it('saves the fault report of the victim under the attack', async function () {
    // The server evaluates and looks for faults: half a minute where nothing else runs.
    this.timeout(400_000);
    const attacker = page.getByLabel('Attacker', { exact: true });
    await answered(page, () => attacker.selectOption('mal-camvid-linf8'));
    const loading = page.waitForEvent('download', { timeout: 360_000 });
    await page.getByRole('button', { name: 'Fault report' }).click();
    const file = await loading;
    assert.equal(file.suggestedFilename(), 'segprobe-faults.html');
    const report = await readFile(await file.path(), 'utf8');
    for (const part of ['12 images of sample val', 'enet-camvid', 'mal-camvid-linf8']) {
      assert.ok(report.includes(part), part);
    }
  });

  it('draws nothing that the phone has to scroll sideways for', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
    await page.setViewportSize({ width: 1280, height: 900 });
    assert.ok(wide <= 390, `${wide}`);
  });

  it('had no error in the console', () => {
    assert.deepEqual(faults, []);
  });
});
