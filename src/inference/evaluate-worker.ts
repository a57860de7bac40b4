import { Piscina } from 'piscina';
import {
  type ConfusionMatrix,
  countPixels,
  createConfusionMatrix,
} from '../shared/confusion-matrix.js';
import type { SceneCounts } from '../shared/evaluation.js';
import { measurePerturbation } from '../shared/perturbation.js';
import type { EvaluateSetup, EvaluateTask } from './evaluate-protocol.js';
import { fromImageTensor, toImageTensor } from '../shared/image-tensor.js';
import { type ImageModel, imageTensor, loadImageModel, runImageModel } from './session.js';
import { reportStarted } from './started-threads.js';
import { loadVictim, type VictimSession } from './victim-session.js';
import { refusalAsValue, type WorkerRefusal } from './worker-refusal.js';

const setup = Piscina.workerData as EvaluateSetup;

interface Models {
  readonly victim: VictimSession;
  readonly attacker: ImageModel | null;
}

/**
 * Counts one scene, in a worker thread whose sessions have one thread each.
 * A promise, so that the thread counts as ready when its models are loaded; what does not load is told to whoever asks.
 */
export const evaluateScene = refusalAsValue(loadModels).then((models) => {
  reportStarted(setup.started);
  return (task: EvaluateTask): Promise<SceneCounts | WorkerRefusal> =>
    'refusal' in models ? Promise.resolve(models) : refusalAsValue(() => countScene(task, models));
});

async function loadModels(): Promise<Models> {
  const { victim, attacker } = setup;
  return {
    victim: await loadVictim(victim, 1),
    attacker: attacker && (await loadImageModel(attacker.path, 1)),
  };
}

async function countScene(
  { image, label, perturbed: given }: EvaluateTask,
  { victim, attacker }: Models,
): Promise<SceneCounts> {
  const { size } = setup;
  const before = await victim.predict(image, size);
  const perturbed = given ?? (attacker && (await attack(attacker, image)));
  if (perturbed === null) return { matrix: count(label, before), attack: null };
  const after = await victim.predict(perturbed, size);
  return {
    matrix: count(label, before),
    attack: {
      matrix: count(label, after),
      perturbation: measurePerturbation(image, perturbed, size),
      flippedShare: shareOfDifferences(before, after),
    },
  };
}

/** Through 8 bits, as through a picture file: what an attack hides between two of its values is lost. */
async function attack(attacker: ImageModel, image: Uint8Array): Promise<Uint8Array> {
  const input = imageTensor(toImageTensor(image), setup.size);
  const attacked = await runImageModel(attacker, input, { name: 'attacked', channels: 3 });
  return fromImageTensor(attacked);
}

function count(label: Uint8Array, predicted: Uint8Array): ConfusionMatrix {
  const matrix = createConfusionMatrix(setup.classCount);
  countPixels(matrix, label, predicted, setup.ignoreIndex);
  return matrix;
}

function shareOfDifferences(a: Uint8Array, b: Uint8Array): number {
  let different = 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) different++;
  return different / a.length;
}
