import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Dataset } from '../../data/dataset.js';
import { openDataset } from '../../data/open-dataset.js';
import { matchOutputs } from '../../data/reorder-classes.js';
import { createEvaluationPool } from '../../inference/evaluation-pool.js';
import { findAttacker, findVictim } from '../../inference/find-model.js';
import type { OpenedModel } from '../../inference/open-model.js';
import type { ScenePool } from '../../inference/scene-pool.js';
import { SegprobeError, isSegprobeError } from '../../shared/errors.js';
import type { SceneCounts } from '../../shared/evaluation.js';
import type { Datasets } from './datasets.js';
import { type EvaluationPlan, UPLOAD } from './evaluation.js';
import { withoutFolders } from './failure.js';

/** What evaluations are made of on this machine. */
export interface Resources {
  /** The models by name, as they are now. */
  readonly models: () => ReadonlyMap<string, OpenedModel>;
  readonly datasets: Datasets;
  /** The folder of uploaded pictures, a folder an evaluation; null where this machine has none. */
  readonly uploads: string | null;
}

/** The models of an evaluation, and its scenes with the victim's classes. */
export interface OpenedPlan {
  readonly scenes: Dataset;
  readonly victim: OpenedModel;
  readonly attacker: OpenedModel | undefined;
}

/** What a plan says that its client chose. */
type Choice = Pick<EvaluationPlan, 'dataset' | 'split' | 'victim' | 'attacker' | 'limit'>;

/**
 * Makes the plan of an evaluation.
 *
 * @param folder - of uploaded pictures; the data set's name is {@link UPLOAD} then.
 * @throws SegprobeError `DATASET_NOT_FOUND`, `MODEL_NOT_FOUND`, and `DATASET_INVALID` where the split is missing or its classes
 *   are not the victim's.
 */
export async function makePlan(
  choice: Choice,
  resources: Resources,
  folder?: string,
): Promise<EvaluationPlan> {
  const { scenes, victim, attacker } = await openChoice(choice, resources, folder).catch(
    (error: unknown) => {
      throw isSegprobeError(error) ? withoutFolders(error, resources, folder) : error;
    },
  );
  try {
    const count = Math.min(choice.limit ?? Infinity, scenes.length);
    return {
      ...choice,
      sha256: { victim: victim.sha256, attacker: attacker?.sha256 ?? null },
      scenes: count,
      scenesDigest: digestOf(scenes, count),
      classTable: scenes.classTable,
    };
  } finally {
    await scenes.close();
  }
}

/**
 * Opens what a plan names. The caller closes the scenes.
 *
 * @param id - of the evaluation, where its uploaded pictures lie.
 * @throws SegprobeError `MODEL_INVALID`, `DATASET_INVALID` where models or scenes are not those of the plan; as
 *   {@link makePlan}; `UPLOAD_UNSUPPORTED` for an upload where this machine has no folder of them.
 */
export async function openPlan(
  id: string,
  plan: EvaluationPlan,
  resources: Resources,
): Promise<OpenedPlan> {
  const opened = await openChoice(plan, resources, folderOf(id, plan, resources));
  try {
    for (const kind of ['victim', 'attacker'] as const) {
      const found = opened[kind];
      if (found === undefined || found.sha256 === plan.sha256[kind]) continue;
      throw new SegprobeError(
        'MODEL_INVALID',
        `expected ${found.name} of SHA-256 ${plan.sha256[kind]}, as the evaluation was begun with, got ${found.sha256}`,
      );
    }
    if (
      opened.scenes.length < plan.scenes ||
      digestOf(opened.scenes, plan.scenes) !== plan.scenesDigest
    ) {
      throw new SegprobeError(
        'DATASET_INVALID',
        `expected the ${plan.scenes} scenes of ${plan.dataset} ${plan.split} that the evaluation was begun with, got others`,
      );
    }
    return opened;
  } catch (error) {
    await opened.scenes.close();
    throw error;
  }
}

/** Starts threads that count a plan's scenes; in the `background` they give way to other threads. The caller closes them. */
export function openPool(
  { scenes, victim, attacker }: OpenedPlan,
  { threads, background }: { readonly threads: number; readonly background: boolean },
): Promise<ScenePool<SceneCounts>> {
  const size = victim.facts.inputSize;
  return createEvaluationPool(scenes, { victim, attacker, size, threads, background });
}

/** Where the uploaded pictures of an evaluation lie; undefined for one of a configured data set. */
function folderOf(id: string, { dataset }: EvaluationPlan, { uploads }: Resources) {
  if (dataset !== UPLOAD) return undefined;
  if (uploads !== null) return path.join(uploads, id);
  throw new SegprobeError(
    'UPLOAD_UNSUPPORTED',
    'expected --uploads, the folder of uploaded pictures that servers and workers share, got none',
  );
}

async function openChoice(
  choice: Choice,
  { models, datasets }: Resources,
  folder: string | undefined,
): Promise<OpenedPlan> {
  const all = models();
  const victim = findVictim(all, choice.victim);
  const attacker = choice.attacker === null ? undefined : findAttacker(all, choice.attacker);
  const { split } = choice;
  const dataset =
    folder === undefined
      ? await datasets.open(choice.dataset, split)
      : { ...(await openDataset({ name: 'folder', dir: folder, split })), name: UPLOAD };
  try {
    return { scenes: matchOutputs(dataset, victim.facts.classes), victim, attacker };
  } catch (error) {
    await dataset.close();
    throw error;
  }
}

function digestOf(scenes: Dataset, count: number): string {
  const hash = createHash('sha256');
  for (let i = 0; i < count; i++) hash.update(`${scenes.nameOf(i)}\n`);
  return hash.digest('hex');
}
