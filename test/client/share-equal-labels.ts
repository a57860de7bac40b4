import type { Page } from 'playwright-core';
import { decodePicture } from '../../src/data/decode.js';
import { pixelsOf } from './open-page.js';

/** What the page shows at first: its first scene under this attacker. */
const QUESTION = 'attacker=mal-camvid-linf8&model=enet-camvid';

/**
 * Compares the label map that the page paints with the one that the service paints of the same picture, colour by colour.
 *
 * @param picture - the picture's file.
 * @returns the share of pixels that are of one class in both.
 */
export async function sharesEqualLabels(
  page: Page,
  serverUrl: string,
  pane: 'before' | 'after',
  picture: Blob,
): Promise<number> {
  const painted = await pixelsOf(page, pane);
  const route = pane === 'before' ? '/segment?model=enet-camvid' : `/attack?${QUESTION}`;
  const answer = await fetch(`${serverUrl}${route}&format=mask`, {
    method: 'POST',
    headers: { 'Content-Type': picture.type },
    body: picture,
  });
  const { data } = await decodePicture(new Uint8Array(await answer.arrayBuffer()));
  const pixels = data.length / 3;
  if (painted.length !== 4 * pixels) {
    throw new Error(`expected ${pixels} painted pixels, got ${painted.length / 4}`);
  }
  let equal = 0;
  for (let i = 0; i < pixels; i++) {
    const isEqual = [0, 1, 2].every((c) => painted[4 * i + c] === data[3 * i + c]);
    if (isEqual) equal++;
  }
  return equal / pixels;
}
