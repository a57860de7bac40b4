import path from 'node:path';
import { decodePicture } from '../../data/decode.js';
import { encodePicturePng } from '../../data/encode-picture.js';
import type { OpenedModel } from '../../inference/open-model.js';
import { encodeLabelPng } from '../../inference/palette-png.js';
import type { InferencePool } from '../../inference/pool.js';
import { CHECK_FILE } from './draw-samples.js';
import { preparePage } from './page-folders.js';

/**
 * Computes what browsers compare their own answers with before they trust a graphics card: what a model makes of
 * `samples/check.png`.
 *
 * @returns a PNG of class numbers for a victim, the attacked picture for an attacker.
 */
export async function checkAnswer(
  pool: InferencePool,
  { name, facts }: Pick<OpenedModel, 'name' | 'facts'>,
): Promise<Buffer> {
  const { page } = await preparePage();
  const picture = await decodePicture(path.join(page, 'samples', CHECK_FILE));
  if (facts.kind === 'victim') {
    const { labels } = await pool.segment(name, picture, { scale: 'none' });
    return encodeLabelPng(labels, picture);
  }
  return encodePicturePng(await pool.perturb(picture, { attacker: name, strength: 1 }, picture));
}
