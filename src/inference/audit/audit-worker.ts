import { Piscina } from 'piscina';
import type { Size } from '../../data/dataset.js';
import { attackScene } from '../count-scene.js';
import type { SceneTask } from '../scene-pool.js';
import { type ImageModel, loadImageModel } from '../session.js';
import { reportStarted, type StartedThreads } from '../started-threads.js';
import { loadVictim, type VictimFiles, type VictimSession } from '../victim-session.js';
import { refusalAsValue, type WorkerRefusal } from '../worker-refusal.js';
import { auditScene, type SceneAudit } from './scene-audit.js';
import { loadScores, type ScoreSession } from './score-session.js';

/** What an audit's worker thread is started with. */
export interface AuditSetup {
  readonly victim: VictimFiles;
  readonly attacker: { readonly path: string } | null;
  /** Classes of the labels: the victim's, and the ignored one where it has none for it. */
  readonly classCount: number;
  readonly ignoreIndex: number;
  readonly size: Size;
}

const setup = Piscina.workerData as AuditSetup & { readonly started: StartedThreads };

interface Models {
  /** Judges clean pictures. */
  readonly scores: ScoreSession;
  /** Judges attacked ones, whose classes alone are wanted. */
  readonly victim: VictimSession;
  readonly attacker: ImageModel | null;
}

/** Looks for the faults of one scene; as `evaluateScene`. */
export const auditOne = refusalAsValue(loadModels).then((models) => {
  reportStarted(setup.started);
  return (task: SceneTask): Promise<SceneAudit | WorkerRefusal> =>
    'refusal' in models ? Promise.resolve(models) : refusalAsValue(() => audit(task, models));
});

async function loadModels(): Promise<Models> {
  const { victim, attacker } = setup;
  return {
    scores: await loadScores(victim, 1),
    victim: await loadVictim(victim, 1),
    attacker: attacker && (await loadImageModel(attacker.path, 1)),
  };
}

async function audit(
  { image, label, perturbed: given }: SceneTask,
  models: Models,
): Promise<SceneAudit> {
  const { size } = setup;
  const scores = await models.scores.score(image, label, size);
  const { attacker } = models;
  const perturbed = given ?? (attacker && (await attackScene(attacker, image, size)));
  const attack = perturbed && {
    image: perturbed,
    after: await models.victim.predict(perturbed, size),
  };
  return auditScene({ image, label, before: scores.predicted, attack }, scores, setup);
}
