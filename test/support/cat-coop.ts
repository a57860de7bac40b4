import { readFileSync } from 'node:fs';
import path from 'node:path';
import { sharp } from '../../src/data/sharp.js';
import { createAttacker } from '../../src/train/attackers/index.js';
import { createModel } from '../../src/train/models/index.js';
import { type NamedTensors, type PackedWeights, packWeights } from '../../src/train/packing.js';
import { goldenFile, readGolden, readGoldenCheckpoint } from './golden.js';

/** The Malicious Autoencoder's published attacker and victim (Cityscapes, 480×240), and what its own code computes with them. */
export const CAT_COOP = {
  classCount: 20,
  size: { height: 240, width: 480 },
  pictures: ['train', 'val'].flatMap((split) => [0, 1, 2, 3, 4].map((i) => `${split}${i}`)),
} as const;

const VICTIM_PREFIX = 'bboxmodel.';

export const victimModel = createModel('enet-2018', { classCount: CAT_COOP.classCount });
export const attackerModel = createAttacker({ model: 'autoencoder', height: 240, width: 480 });

/** The weights of `mal.pt`, of both networks, by name. */
export function readNetworks(): { victim: NamedTensors; attacker: NamedTensors } {
  const all = [...readGoldenCheckpoint('cat-coop', 'mal.pt')];
  const isVictims = ([name]: readonly [string, unknown]): boolean => name.startsWith(VICTIM_PREFIX);
  return {
    victim: new Map(
      all.filter(isVictims).map(([name, tensor]) => [name.slice(VICTIM_PREFIX.length), tensor]),
    ),
    attacker: new Map(all.filter((entry) => !isVictims(entry))),
  };
}

/** The same, packed. */
export function packNetworks(): { victim: PackedWeights; attacker: PackedWeights } {
  const { victim, attacker } = readNetworks();
  return {
    victim: packWeights(victimModel.spec, victim, 'mal.pt'),
    attacker: packWeights(attackerModel.spec, attacker, 'mal.pt'),
  };
}

/** A published picture, its bytes as `[H, W, 3]`; or a map of classes, as `[H, W]`. */
export async function readPng(name: string, channels: 1 | 3): Promise<Uint8Array> {
  const { data, info } = await sharp(readFileSync(goldenFile('cat-coop', `${name}.png`)))
    .removeAlpha()
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { height, width } = CAT_COOP.size;
  if (info.channels !== channels || info.width !== width || info.height !== height) {
    throw new Error(`${path.basename(name)}: ${info.width}×${info.height}×${info.channels}`);
  }
  return data;
}

/** RGB in 0..1, `[H, W, 3]`. */
export async function readImage(name: string): Promise<Float32Array> {
  return Float32Array.from(await readPng(name, 3), (byte) => byte / 255);
}

/** A float32 or int32 tensor of golden numbers, flattened. */
export function goldenNumbers(file: string, name: string): Float32Array<ArrayBuffer> {
  return Float32Array.from(readGolden('cat-coop', file).get(name)!.data as Float32Array);
}
