import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { startChromium } from '../support/chromium.js';
import { startTestServer, type TestServer } from '../support/test-server.js';
import { answered, figure, openPage, pixelsOf } from './open-page.js';

/** Convolutions that make a run long enough to be waited for. */
const BALLAST = 1;

/** Within the page: keeps all that is said of labels that are not yet those of the position. */
const WATCH_AWAITED = `
  window.awaited = [];
  new MutationObserver(() => {
    const words = document.querySelector('.pane-after .awaited')?.textContent;
    if (words && words !== awaited.at(-1)) awaited.push(words);
  }).observe(document.querySelector('.stage'), { subtree: true, childList: true, characterData: true });
`;

/** With a victim that takes its time. */
describe('the sliders of the page, in Chromium', function () {
  this.timeout(120_000);
  let test: TestServer;
  let browser: Browser;
  let page: Page;

  before(async function () {
    browser = await startChromium(this);
    test = await startTestServer({ ballast: BALLAST });
    page = await openPage(browser, test.url, { fragment: 'victim=slow&attacker=noise&strength=5' });
    await page.evaluate(WATCH_AWAITED);
  });
  after(async () => {
    await browser?.close();
    await test?.stop();
  });

  const drag = (name: string, value: number): Promise<void> =>
    page.getByRole('slider', { name }).fill(String(value));
  const said = (): Promise<string[]> => page.evaluate<string[]>('awaited.splice(0)');

  it('shows the labels of a position nearby, and says of which, until its own come', async () => {
    await answered(page, () => drag('Strength', 100));
    const words = await said();
    assert.ok(words.length > 0);
    for (const one of words) assert.match(one, /^of \d+ %, computing 100 % …$/);
    assert.equal(await page.locator('.awaited').count(), 0);
    assert.match(await figure(page, 'L∞'), /^12[89]\/255$/);
  });

  it('answers at once what it looked ahead for, with the labels that it would compute', async () => {
    await page.locator('[data-ahead=true]').waitFor();
    await said();
    await answered(page, () => drag('Strength', 50));
    assert.deepEqual(await said(), []);
    assert.match(await page.locator('.chip').innerText(), /known already/);
    const known = await pixelsOf(page, 'after');
    const other = await openPage(browser, test.url, {
      fragment: 'victim=slow&attacker=noise&strength=50',
    });
    assert.deepEqual(await pixelsOf(other, 'after'), known);
    await other.close();
  });

  it('knows that an epsilon changes nothing that the attack does not reach', async () => {
    await answered(page, () => drag('Strength', 5));
    await said();
    // Noise of 5 % is of ±6: a greater epsilon is none.
    await answered(page, () => drag('Epsilon', 10));
    assert.deepEqual(await said(), []);
    assert.match(await page.locator('.chip').innerText(), /known already/);
    assert.match(await figure(page, 'L∞'), /^[67]\/255$/);
  });
});
