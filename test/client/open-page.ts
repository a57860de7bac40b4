import type { Browser, Page } from 'playwright-core';

/** Opens the page at a fragment, and waits for its first answer. */
export async function openPage(
  browser: Browser,
  url: string,
  { width = 1280, fragment = '' }: { readonly width?: number; readonly fragment?: string } = {},
): Promise<Page> {
  const page = await browser.newPage({ viewport: { width, height: 900 } });
  // Two cores compute, and others may want them too.
  page.setDefaultTimeout(60_000);
  await page.goto(`${url}#${fragment}`);
  await page.waitForSelector('.chip-ready');
  return page;
}

/** Does something, and waits until it is answered. */
export async function answered(page: Page, act: () => Promise<unknown>): Promise<void> {
  const before = await page.locator('[data-answer]').getAttribute('data-answer');
  await act();
  await page.locator(`[data-answer]:not([data-answer="${before}"])`).waitFor();
  await page.locator('.chip-ready').waitFor();
}

/** A figure by its name, as it is written. */
export function figure(page: Page, name: string): Promise<string> {
  return page.locator(`.figures div:has(dt:text-is("${name}")) dd`).first().innerText();
}

/** The pixels of a canvas, RGBA `[H, W, 4]` flattened. */
export async function pixelsOf(page: Page, pane: string): Promise<Uint8Array> {
  // A text is carried over many times faster than a list of numbers.
  const text = await page.evaluate<string>(`(() => {
    const canvas = document.querySelector('canvas[data-pane=${pane}]');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let text = '';
    for (let i = 0; i < data.length; i += 8192) text += String.fromCharCode(...data.subarray(i, i + 8192));
    return btoa(text);
  })()`);
  return new Uint8Array(Buffer.from(text, 'base64'));
}
