import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { pino } from 'pino';
import { type Browser, chromium, type Page } from 'playwright-core';
import { DEFAULT_MODELS_FOLDER, openModels } from '../../src/inference/open-model.js';
import { type RunningServer, startServer } from '../../src/serve/server.js';
import { testPicture, toPng } from '../support/rgb-pictures.js';

/** Debian's package. */
const CHROMIUM = '/usr/bin/chromium';

describe('the page, in Chromium', function () {
  this.timeout(120_000);
  let server: RunningServer;
  let browser: Browser;
  let page: Page;
  const faults: string[] = [];

  before(async function () {
    if (!existsSync(CHROMIUM)) {
      process.stdout.write(`    (no Chromium in ${CHROMIUM}: apt-get install chromium)\n`);
      this.skip();
    }
    server = await startServer({
      models: await openModels(DEFAULT_MODELS_FOLDER),
      logger: pino({ level: 'silent' }),
      port: 0,
    });
    await server.ready;
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text());
    });
    await page.goto(server.url);
    await page.waitForSelector('#result:not([hidden])');
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  /** Does something, and waits for what comes of it. */
  async function settled(act: () => Promise<unknown>, text: RegExp): Promise<string> {
    await act();
    const status = page.locator('#status', { hasText: text });
    await status.waitFor();
    return status.innerText();
  }
  /** Forgets what was said last, so that the next word is of what is done next. */
  const clear = () => page.evaluate(`void (document.getElementById('status').textContent = '')`);
  const figure = (name: string): Promise<string> =>
    page.locator(`#figures div:has(dt:text("${name}")) dd`).innerText();
  const flipped = async (): Promise<number> => parseFloat(await figure('pixels that change class'));
  const DONE = /ms of inference/;

  it('shows a scene before and after an attack that hardly anybody sees, without a click', async () => {
    assert.equal(await page.locator('#attacker').inputValue(), 'mal-camvid-linf8');
    assert.equal(await figure('greatest change of a value'), '8/255');
    assert.ok((await flipped()) > 50);
    assert.ok((await page.locator('#classes tr').count()) > 5);
    assert.match(
      await page.locator('#curl').innerText(),
      /attack\?attacker=mal-camvid-linf8&strength=1/,
    );
  });

  it('paints the classes with their colours', async () => {
    const road = await page.evaluate<number[]>(`(() => {
      const canvas = document.getElementById('mask');
      const context = canvas.getContext('2d');
      return [...context.getImageData(canvas.width / 2, canvas.height - 60, 1, 1).data];
    })()`);
    assert.deepEqual(road, [128, 64, 128, 255]);
  });

  it('shows the picture as it was while the attacked one is held', async () => {
    const stage = page.locator('#attacked-stage');
    await stage.scrollIntoViewIfNeeded();
    await stage.hover();
    await page.mouse.down();
    assert.equal(await page.locator('#attacked').isHidden(), true);
    assert.equal(await stage.locator('.copy').count(), 2);
    await page.mouse.up();
    assert.equal(await page.locator('#attacked').isVisible(), true);
    assert.equal(await stage.locator('.copy').count(), 0);
  });

  it('changes less at less strength, and nothing without an attack', async () => {
    const set = async (id: string, value: string): Promise<void> => {
      await clear();
      await page.evaluate(`(() => {
        const control = document.getElementById('${id}');
        control.value = '${value}';
        for (const type of ['input', 'change']) control.dispatchEvent(new Event(type));
      })()`);
    };
    await settled(() => set('strength', '50'), DONE);
    assert.equal(await figure('greatest change of a value'), '4/255');
    assert.equal(await page.locator('#strength-text').innerText(), '50 %');
    await settled(() => set('attacker', ''), DONE);
    assert.deepEqual([await flipped(), await figure('PSNR')], [0, 'unchanged']);
    await settled(() => set('attacker', 'mal-camvid-linf8'), DONE);
    await settled(() => set('strength', '100'), DONE);
  });

  it('takes another scene, and a picture of one’s own', async () => {
    await clear();
    await settled(() => page.locator('#samples button').nth(2).click(), DONE);
    assert.equal(await page.locator('#samples button').nth(2).getAttribute('aria-pressed'), 'true');
    await clear();
    const buffer = await toPng(testPicture(96, 64));
    const file = { name: 'mine.png', mimeType: 'image/png', buffer };
    assert.match(
      await settled(() => page.locator('#file').setInputFiles(file), DONE),
      /^96 × 64 by enet-camvid on this server/,
    );
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

  it('says in words what is wrong with a file', async () => {
    const file = { name: 'note.png', mimeType: 'image/png', buffer: Buffer.from('no picture') };
    const said = await settled(() => page.locator('#file').setInputFiles(file), /expected/);
    assert.match(said, /expected .*got text/);
  });
});
