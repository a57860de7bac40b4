import { Piscina } from 'piscina';
import { fromImageTensor, toImageTensor } from '../src/inference/image-tensor.js';
import { imageTensor, loadImageModel, runImageModel } from '../src/inference/session.js';

/** What a thread of bench/evaluate.ts is started with. */
export interface SessionsSetup {
  readonly victim: string;
  readonly attacker: string;
  readonly classCount: number;
  readonly size: { readonly height: number; readonly width: number };
  /** Pictures to run on in turn, RGB `[H, W, 3]` flattened: what a network takes depends on what it sees. */
  readonly images: readonly Uint8Array[];
}

const setup = Piscina.workerData as SessionsSetup;

/** Runs the sessions of an evaluation and nothing else, for as many pictures as it is told. */
export const runSessions = prepare().then(
  ({ victim, attacker, pairs }) =>
    async (count: number) => {
      for (let i = 0; i < count; i++) {
        const { clean, perturbed } = pairs[i % pairs.length]!;
        await runImageModel(victim, clean, { name: 'logits', channels: setup.classCount });
        await runImageModel(attacker, clean, { name: 'attacked', channels: 3 });
        await runImageModel(victim, perturbed, { name: 'logits', channels: setup.classCount });
      }
    },
);

async function prepare() {
  const { size, images } = setup;
  const [victim, attacker] = [
    await loadImageModel(setup.victim, 1),
    await loadImageModel(setup.attacker, 1),
  ];
  const pairs = [];
  for (const rgb of images) {
    const clean = imageTensor(toImageTensor(rgb), size);
    const attacked = await runImageModel(attacker, clean, { name: 'attacked', channels: 3 });
    pairs.push({ clean, perturbed: imageTensor(toImageTensor(fromImageTensor(attacked)), size) });
  }
  return { victim, attacker, pairs };
}
