import os from 'node:os';
import { Piscina } from 'piscina';
import type { SceneCounts } from '../shared/evaluation.js';
import { attackScene, countScene } from './count-scene.js';
import type { EvaluateSetup } from './evaluate-protocol.js';
import type { SceneTask } from './scene-pool.js';
import { type ImageModel, loadImageModel } from './session.js';
import { reportStarted, type StartedThreads } from './started-threads.js';
import { loadVictim, type VictimSession } from './victim-session.js';
import { refusalAsValue, type WorkerRefusal } from './worker-refusal.js';

const setup = Piscina.workerData as EvaluateSetup & { readonly started: StartedThreads };

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
  return (task: SceneTask): Promise<SceneCounts | WorkerRefusal> =>
    'refusal' in models ? Promise.resolve(models) : refusalAsValue(() => evaluate(task, models));
});

async function loadModels(): Promise<Models> {
  const { victim, attacker, background } = setup;
  const models = {
    victim: await loadVictim(victim, 1),
    attacker: attacker && (await loadImageModel(attacker.path, 1)),
  };
  if (background) yieldToOthers();
  return models;
}

async function evaluate(
  { image, label, perturbed: given }: SceneTask,
  { victim, attacker }: Models,
): Promise<SceneCounts> {
  const { size } = setup;
  const before = await victim.predict(image, size);
  const perturbed = given ?? (attacker && (await attackScene(attacker, image, size)));
  const attack = perturbed && { image: perturbed, after: await victim.predict(perturbed, size) };
  return countScene({ image, label, before, attack }, setup);
}

/** Linux has a priority for each thread, and this one's sessions compute in it; elsewhere it would be the whole process's. */
function yieldToOthers(): void {
  const { PRIORITY_BELOW_NORMAL, PRIORITY_LOW } = os.constants.priority;
  const lowered = Math.min(os.getPriority(process.pid) + PRIORITY_BELOW_NORMAL, PRIORITY_LOW);
  if (process.platform === 'linux') os.setPriority(0, lowered);
}
