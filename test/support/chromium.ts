import { existsSync } from 'node:fs';
import type { Context } from 'mocha';
import { type Browser, chromium, type Page } from 'playwright-core';

/** Debian's package. */
const CHROMIUM = '/usr/bin/chromium';

const QUIET = ['background-networking', 'component-update', 'sync'].map(
  (what) => `--disable-${what}`,
);

/** Starts Chromium without a window; skips what asks for it where there is none. */
export async function startChromium(context: Context, ...flags: string[]): Promise<Browser> {
  if (!existsSync(CHROMIUM)) {
    process.stdout.write(`    (no Chromium in ${CHROMIUM}: apt-get install chromium)\n`);
    context.skip();
  }
  const software = flags.includes('--enable-unsafe-webgpu') ? [] : ['--disable-gpu'];
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ['--headless=new', '--no-sandbox', '--no-first-run', ...QUIET, ...software, ...flags],
  });
}

/** Collects what a page complains of: errors in the console, and those that nothing caught. */
export function watchFaults(page: Page): string[] {
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  return faults;
}
