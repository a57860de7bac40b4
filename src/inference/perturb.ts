import { fromImageTensor, toImageTensor } from '../shared/image-tensor.js';
import { measurePerturbation } from '../shared/perturbation.js';
import { liftPerturbation } from './lift-perturbation.js';
import { type ImageModel, imageTensor, runImageModel } from './session.js';
import type { PerturbResult, PerturbTask } from './worker-protocol.js';

/**
 * Perturbs one picture, in a worker thread: by an attacker, or as was done elsewhere; measures the change of the picture in its
 * own size.
 *
 * @param attackerOf - finds the attacker that the task names.
 * @throws SegprobeError `MODEL_INVALID` for an attacker that is none.
 */
export async function perturb(
  { image, imageSize, by, original }: PerturbTask,
  attackerOf: (name: string) => Promise<ImageModel>,
): Promise<PerturbResult> {
  const start = performance.now();
  const perturbed =
    'image' in by
      ? by.image
      : await attack(await attackerOf(by.attacker), { image, imageSize, strength: by.strength });
  const inferenceMs = performance.now() - start;
  if (original === null) {
    const perturbation = measurePerturbation(image, perturbed, imageSize);
    return { image: perturbed, perturbation, inferenceMs };
  }
  const lifted = { ...original.size, data: new Uint8Array(original.image) };
  await liftPerturbation({ ...imageSize, data: image }, perturbed, lifted);
  const perturbation = measurePerturbation(original.image, lifted.data, original.size);
  return { image: lifted.data, perturbation, inferenceMs };
}

/** Through 8 bits at the end, as through a picture file: what an attack hides between two of its values is lost. */
async function attack(
  attacker: ImageModel,
  { image, imageSize, strength }: Pick<PerturbTask, 'image' | 'imageSize'> & { strength: number },
): Promise<Uint8Array<ArrayBuffer>> {
  const clean = toImageTensor(image);
  const input = imageTensor(clean, imageSize);
  const attacked = await runImageModel(attacker, input, { name: 'attacked', channels: 3 });
  if (strength === 1) return fromImageTensor(attacked);
  return fromImageTensor(attacked.map((value, i) => clean[i]! + strength * (value - clean[i]!)));
}
