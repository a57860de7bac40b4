import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { autoencoderModel } from '../../bench/autoencoder-model.js';
import { decodePicture } from '../../src/data/decode.js';
import { fromImageTensor, toImageTensor } from '../../src/shared/image-tensor.js';
import { imageTensor, loadImageModel, runImageModel } from '../../src/inference/session.js';
import { measurePerturbation } from '../../src/shared/perturbation.js';
import { assertAllClose } from '../support/all-close.js';
import { goldenFile, readGoldenCheckpoint, useGolden } from '../support/golden.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { TINY_FACTS } from '../support/tiny-models.js';

const PICTURES = ['train', 'val'].flatMap((split) => [0, 1, 2, 3, 4].map((i) => `${split}${i}`));

type Metrics = Record<string, { psnr_db: number; l2: number; changed_pixels: number }>;

describe('measurePerturbation, on the Malicious Autoencoder’s pictures @golden', () => {
  useGolden('cat-coop');
  let expected: Metrics;
  before(() => {
    expected = JSON.parse(
      readFileSync(goldenFile('cat-coop', 'attack_metrics.json'), 'utf8'),
    ) as Metrics;
  });

  const read = (name: string): ReturnType<typeof decodePicture> =>
    decodePicture(goldenFile('cat-coop', `${name}.png`));

  it('gives its PSNR and L2 for what its attacker makes of a picture', async () => {
    const { folder, remove } = await scratchFolder();
    const weight = (name: string): Float32Array =>
      readGoldenCheckpoint('cat-coop', 'mal.pt').get(name)!.data as Float32Array;
    const weights = {
      encodeWeight: weight('encode.weight'),
      encodeBias: weight('encode.bias'),
      decodeWeight: weight('decode.weight'),
    };
    const file = path.join(folder, 'attacker.onnx');
    await writeFile(file, autoencoderModel(weights, { ...TINY_FACTS, kind: 'attacker' }));
    const attacker = await loadImageModel(file, 1);
    for (const name of PICTURES) {
      const clean = await read(`orig${name}`);
      const input = imageTensor(toImageTensor(clean.data), clean);
      const attacked = await runImageModel(attacker, input, { name: 'attacked', channels: 3 });
      const { psnrDb, l2 } = measurePerturbation(clean.data, fromImageTensor(attacked), clean);
      const { psnr_db: psnr, l2: distance } = expected[name]!;
      // Theirs are of the attacker's own numbers, ours of them rounded to 8 bits.
      assertAllClose([l2], [distance], { rtol: 2e-4, atol: 0 }, name);
      assertAllClose([psnrDb!], [psnr], { rtol: 0, atol: 2e-3 }, name);
    }
    await remove();
  });

  it('gives nearly those for the published pictures, whose colours were cut off at 8 bits', async () => {
    for (const name of PICTURES) {
      const [clean, attacked] = [await read(`orig${name}`), await read(`trans${name}`)];
      const { psnrDb, l2, ssim } = measurePerturbation(clean.data, attacked.data, clean);
      assertAllClose([l2], [expected[name]!.l2], { rtol: 0.01, atol: 0 }, name);
      assertAllClose([psnrDb!], [expected[name]!.psnr_db], { rtol: 0, atol: 0.1 }, name);
      assert.ok(ssim! > 0 && ssim! < 1, `${name}: SSIM ${ssim}`);
    }
  });
});
