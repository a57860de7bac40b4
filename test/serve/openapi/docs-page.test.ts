import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { startTestServer, type TestServer } from '../../support/test-server.js';

/** Debian's package. */
const CHROMIUM = '/usr/bin/chromium';

describe('/docs, in Chromium', function () {
  this.timeout(120_000);
  let service: TestServer;
  let browser: Browser;
  before(async function () {
    if (!existsSync(CHROMIUM)) {
      process.stdout.write(`    (no Chromium in ${CHROMIUM}: apt-get install chromium)\n`);
      this.skip();
    }
    service = await startTestServer();
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  });
  after(async () => {
    await browser?.close();
    await service?.stop();
  });

  it('shows every route, loads nothing from elsewhere, and breaks no policy', async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 1600 } });
    const faults: string[] = [];
    const hosts = new Set<string>();
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith('data:')) hosts.add(new URL(request.url()).host);
    });
    await page.goto(`${service.url}/docs`);
    await page.locator('.opblock-summary-path', { hasText: '/segment' }).first().waitFor();
    const shown = await page.locator('.opblock').count();
    const { paths } = (await (await fetch(`${service.url}/openapi.json`)).json()) as {
      paths: Record<string, object>;
    };
    assert.equal(shown, Object.values(paths).flatMap(Object.keys).length);
    await page.locator('.opblock-summary', { hasText: '/attack' }).first().click();
    await page.getByText('How much of the attacker').waitFor();
    if (process.env['SEGPROBE_SHOTS'])
      await page.screenshot({ path: `${process.env['SEGPROBE_SHOTS']}/docs.png` });
    assert.deepEqual(faults, []);
    assert.deepEqual([...hosts], [new URL(service.url).host]);
  });

  it('knows no other files', async () => {
    for (const file of ['index.html', 'package.json', '..%2fpackage.json']) {
      const response = await fetch(`${service.url}/docs/${file}`);
      assert.equal(response.status, 404, file);
    }
  });
});
