import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { startChromium } from '../support/chromium.js';
import { startTestServer, type TestServer } from '../support/test-server.js';
import { answered } from './open-page.js';

/** Less than a tenth is called good. */
const MOST_SHIFT = 0.01;

/** Keeps how far what is on the screen moves, and what it is. */
const WATCH_SHIFTS = `
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const { value, sources } of list.getEntries())
      shifts.push({ value, of: sources.map(({ node }) => node?.className ?? node?.nodeName) });
  }).observe({ type: 'layout-shift', buffered: true });
`;

describe('the layout of the page, in Chromium', function () {
  this.timeout(120_000);
  let test: TestServer;
  let browser: Browser;

  before(async function () {
    browser = await startChromium(this);
    test = await startTestServer();
  });
  after(async () => {
    await browser?.close();
    await test?.stop();
  });

  const placesOf = (page: Page): Promise<unknown> =>
    page.evaluate(`[...document.querySelectorAll('.panel, .stage, .keep, footer')].map((part) => {
      const { x, y, width } = part.getBoundingClientRect();
      return [part.className, x, y + scrollY, width];
    })`);

  for (const width of [390, 800, 1280, 1920]) {
    it(`moves nothing while it loads and answers, ${width} pixels wide`, async () => {
      const page = await browser.newPage({ viewport: { width, height: 900 } });
      page.setDefaultTimeout(60_000);
      await page.addInitScript(WATCH_SHIFTS);
      await page.goto(`${test.url}#victim=tiny&attacker=noise`);
      await page.waitForSelector('.chip-ready');
      await page.locator('footer').waitFor();
      const shifts = await page.evaluate<{ readonly value: number }[]>('shifts');
      const shift = shifts.reduce((sum, { value }) => sum + value, 0);
      assert.ok(shift < MOST_SHIFT, `${shift}: ${JSON.stringify(shifts)}`);

      const places = await placesOf(page);
      await answered(page, () => page.getByRole('slider', { name: 'Strength' }).fill('5'));
      await answered(page, () => page.getByLabel('Attacker', { exact: true }).selectOption(''));
      await answered(page, () => page.locator('.samples button').nth(2).click());
      assert.deepEqual(await placesOf(page), places);
      await page.close();
    });
  }
});
