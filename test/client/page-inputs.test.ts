import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { startChromium, watchFaults } from '../support/chromium.js';
import { encodeFlat } from '../support/pictures.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { startTestServer, type TestServer } from '../support/test-server.js';
import { tinyVictim } from '../support/tiny-models.js';
import { answered, openPage, pixelsOf } from './open-page.js';

const [WIDTH, HEIGHT] = [64, 48];

/** Draws blue upon a canvas and films it. @returns the film in base64 */
const FILM = `(async () => {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [${WIDTH}, ${HEIGHT}];
  const context = canvas.getContext('2d');
  const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: 'video/webm' });
  const parts = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const ended = new Promise((resolve) => (recorder.onstop = resolve));
  recorder.start();
  for (let frame = 0; frame < 15; frame++) {
    context.fillStyle = 'rgb(20 40 ' + (220 + frame) + ')';
    context.fillRect(0, 0, canvas.width, canvas.height);
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
  recorder.stop();
  await ended;
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
})()`;

/** Copies a picture in base64. */
const COPY = (png: string): string => `(async () => {
  const bytes = Uint8Array.from(atob('${png}'), (letter) => letter.charCodeAt(0));
  const picture = new Blob([bytes], { type: 'image/png' });
  await navigator.clipboard.write([new ClipboardItem({ 'image/png': picture })]);
})()`;

/** Pictures, films and models by every way into the page that a hand has. */
describe('what the page takes in, in Chromium', function () {
  this.timeout(120_000);
  let test: TestServer;
  let browser: Browser;
  let page: Page;
  let devtools: CDPSession;
  let faults: string[];
  let folder: string;
  let remove: (() => Promise<void>) | undefined;

  before(async function () {
    browser = await startChromium(this);
    test = await startTestServer();
    ({ folder, remove } = await scratchFolder());
    page = await openPage(browser, test.url, { fragment: 'victim=tiny&attacker=' });
    devtools = await page.context().newCDPSession(page);
    faults = watchFaults(page);
  });
  after(async () => {
    await browser?.close();
    await test?.stop();
    await remove?.();
  });

  const noteOf = (): Promise<string> => page.locator('.sources .note').innerText();
  /** The colour of the first pixel. */
  const colorOf = async (pane: string): Promise<number[]> => [
    ...(await pixelsOf(page, pane)).subarray(0, 3),
  ];

  /** Drops a file where a part of the page is, as somebody who drags it in from a folder. */
  const drop = async (name: string, bytes: Uint8Array, where: string): Promise<void> => {
    const file = path.join(folder, name);
    await writeFile(file, bytes);
    await page.locator(where).scrollIntoViewIfNeeded();
    const box = (await page.locator(where).boundingBox())!;
    const at = { x: box.x + 20, y: box.y + 20 };
    const data = { items: [], files: [file], dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
      if (type === 'drop') await page.locator('.dropping').waitFor();
      await devtools.send('Input.dispatchDragEvent', { type, ...at, data });
    }
    await page.locator('.dropping').waitFor({ state: 'detached' });
  };

  it('takes a picture that is dropped on it', async () => {
    await answered(page, () => drop('red.png', encodeFlat(40, 24, [250, 10, 20]), '.stage'));
    assert.equal(await noteOf(), 'red.png, 40×24');
    assert.deepEqual(await colorOf('original'), [250, 10, 20]);
    assert.deepEqual(await colorOf('before'), [200, 30, 40]); // The class red.
  });

  it('takes a label that is dropped on the figures', async () => {
    await answered(page, () => drop('label.png', encodeFlat(40, 24, [0, 0, 0]), '.figures'));
    assert.match(await page.locator('.figures').innerText(), /mIoU before\s+100 %/);
    assert.equal(await noteOf(), 'red.png, 40×24');
  });

  it('takes a model that is dropped on it', async () => {
    const bytes = tinyVictim({ facts: { classes: ['r', 'g', 'b'] } });
    await answered(page, () => drop('dropped.onnx', bytes, '.stage'));
    assert.equal(await page.getByLabel('Victim', { exact: true }).inputValue(), 'dropped');
    await answered(page, () => page.getByLabel('Victim', { exact: true }).selectOption('tiny'));
  });

  it('takes a picture that is pasted', async () => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const green = Buffer.from(encodeFlat(32, 16, [10, 240, 20])).toString('base64');
    await page.evaluate(COPY(green));
    await answered(page, () => page.keyboard.press('Control+V'));
    assert.match(await noteOf(), /, 32×16$/);
    assert.deepEqual(await colorOf('before'), [50, 210, 60]);
  });

  it('plays a film, frame by frame until it is stopped, and says what is none', async () => {
    const film = Buffer.from(await page.evaluate<string>(FILM), 'base64');
    const open = (name: string, buffer: Buffer): Promise<void> =>
      page.getByLabel('A film of your own').setInputFiles({ name, mimeType: 'video/webm', buffer });
    await answered(page, () => open('blue.webm', film));
    await answered(page, () => Promise.resolve());
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('button', { name: 'Camera' }).waitFor();
    assert.equal(await noteOf(), `blue.webm, ${WIDTH}×${HEIGHT}`);
    assert.deepEqual(await colorOf('before'), [70, 80, 220]);
    await open('torn.webm', film.subarray(0, 40));
    await page.locator('.fault', { hasText: 'torn.webm: expected a film' }).waitFor();
  });

  it('had no error in the console', () => {
    assert.deepEqual(faults, []);
  });
});
