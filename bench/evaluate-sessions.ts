import { Tensor } from 'onnxruntime-node';
import { Piscina } from 'piscina';
import { fromImageTensor, toImageTensor } from '../src/shared/image-tensor.js';
import {
  imageTensor,
  loadImageModel,
  runImageModel,
  runServingForm,
} from '../src/inference/session.js';

/** What a thread of bench/evaluate.ts is started with. */
export interface SessionsSetup {
  readonly victim: string;
  /** Whether that is a serving form, from bytes to labels. */
  readonly serves: boolean;
  readonly attacker: string;
  readonly classCount: number;
  readonly size: { readonly height: number; readonly width: number };
  /** Pictures to run on in turn, RGB `[H, W, 3]` flattened: what a network takes depends on what it sees. */
  readonly images: readonly Uint8Array[];
}

const setup = Piscina.workerData as SessionsSetup;

/** Runs the sessions of an evaluation and nothing else, for as many pictures as it is told. */
export const runSessions = prepare().then(
  ({ attacker, predict, pairs }) =>
    async (count: number) => {
      for (let i = 0; i < count; i++) {
        const { clean, attackers, perturbed } = pairs[i % pairs.length]!;
        await predict(clean);
        await runImageModel(attacker, attackers, { name: 'attacked', channels: 3 });
        await predict(perturbed);
      }
    },
);

async function prepare() {
  const { size, serves, classCount } = setup;
  const [victim, attacker] = [
    await loadImageModel(setup.victim, 1),
    await loadImageModel(setup.attacker, 1),
  ];
  const toInput = (rgb: Uint8Array): Tensor =>
    serves
      ? new Tensor('uint8', rgb, [1, size.height, size.width, 3])
      : imageTensor(toImageTensor(rgb), size);
  const predict = (image: Tensor): Promise<unknown> =>
    serves
      ? runServingForm(victim, image)
      : runImageModel(victim, image, { name: 'logits', channels: classCount });
  const pairs = [];
  for (const rgb of setup.images) {
    const attackers = imageTensor(toImageTensor(rgb), size);
    const attacked = await runImageModel(attacker, attackers, { name: 'attacked', channels: 3 });
    pairs.push({ clean: toInput(rgb), attackers, perturbed: toInput(fromImageTensor(attacked)) });
  }
  return { attacker, predict, pairs };
}
