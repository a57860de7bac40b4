import { Piscina } from 'piscina';
import { argmaxOverClasses } from '../shared/argmax.js';
import { countPixels, createConfusionMatrix } from '../shared/confusion-matrix.js';
import type { SceneCounts } from '../shared/evaluation.js';
import { measurePerturbation } from '../shared/perturbation.js';
import type { EvaluateSetup, EvaluateTask } from './evaluate-protocol.js';
import { fromImageTensor, toImageTensor } from './image-tensor.js';
import { type ImageModel, imageTensor, loadImageModel, runImageModel } from './session.js';
import { refusalAsValue, type WorkerRefusal } from './worker-refusal.js';

const setup = Piscina.workerData as EvaluateSetup;

interface Models {
  readonly victim: ImageModel;
  readonly attacker: ImageModel | null;
}

/**
 * Counts one scene, in a worker thread whose sessions have one thread each.
 * A promise, so that the thread counts as ready when its models are loaded; what does not load is told to whoever asks.
 */
export const evaluateScene = refusalAsValue(loadModels).then(
  (models) =>
    (task: EvaluateTask): Promise<SceneCounts | WorkerRefusal> =>
      'refusal' in models
        ? Promise.resolve(models)
        : refusalAsValue(() => countScene(task, models)),
);

async function loadModels(): Promise<Models> {
  const [victim, attacker] = [setup.victim, setup.attacker];
  return {
    victim: await loadImageModel(victim.path, 1),
    attacker: attacker && (await loadImageModel(attacker.path, 1)),
  };
}

async function countScene({ image, label }: EvaluateTask, models: Models): Promise<SceneCounts> {
  const { size } = setup;
  const input = imageTensor(toImageTensor(image), size);
  const clean = await predict(models.victim, input, label);
  if (models.attacker === null) return { matrix: clean.matrix, attack: null };
  const attacked = await runImageModel(models.attacker, input, { name: 'attacked', channels: 3 });
  // Through 8 bits, as through a picture file: what an attack hides between two of its values is lost.
  const perturbed = fromImageTensor(attacked);
  const fooled = await predict(models.victim, imageTensor(toImageTensor(perturbed), size), label);
  return {
    matrix: clean.matrix,
    attack: {
      matrix: fooled.matrix,
      perturbation: measurePerturbation(image, perturbed, size),
      flippedShare: shareOfDifferences(clean.predicted, fooled.predicted),
    },
  };
}

async function predict(
  victim: ImageModel,
  image: ReturnType<typeof imageTensor>,
  label: Uint8Array,
): Promise<{ matrix: SceneCounts['matrix']; predicted: Uint8Array }> {
  const planes = setup.victim.classCount;
  const logits = await runImageModel(victim, image, { name: 'logits', channels: planes });
  const predicted = argmaxOverClasses(logits, planes);
  const matrix = createConfusionMatrix(setup.classCount);
  countPixels(matrix, label, predicted, setup.ignoreIndex);
  return { matrix, predicted };
}

function shareOfDifferences(a: Uint8Array, b: Uint8Array): number {
  let different = 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) different++;
  return different / a.length;
}
