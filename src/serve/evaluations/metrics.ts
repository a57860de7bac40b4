import { LRUCache } from 'lru-cache';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { untilAborted } from '../../inference/until-aborted.js';
import type { Evaluation } from './evaluation.js';
import { isFinished } from './evaluation.js';
import type { Evaluations } from './evaluations.js';
import type { ShardLoad } from './runner.js';
import { EVALUATION_STATES } from './schemas.js';
import { STORE_LIMITS } from './store.js';

/** From a second to six hours. */
const SECONDS = [1, 3, 10, 30, 60, 180, 600, 1800, 3600, 10_800, 21_600];
/** A scrape does not wait longer for a store that does not answer. */
const PATIENCE_MS = 2000;

/**
 * Adds what evaluations do to the service's metrics. What is kept and what waits is asked of the store at each scrape, and left out
 * while it does not answer; scenes and times are counted as changes are told, by each of several servers on one Redis.
 */
export function measureEvaluations(
  { store, shards }: Pick<Evaluations, 'store' | 'shards'>,
  registry: Registry,
): void {
  const registers = [registry];
  gaugeByState(
    registry,
    'segprobe_evaluations',
    'Evaluations that are kept, by state.',
    async () => {
      const counts = await store.countByState();
      return Object.fromEntries(EVALUATION_STATES.map((state) => [state, counts[state] ?? 0]));
    },
  );
  const scenes = new Counter({
    name: 'segprobe_evaluation_scenes_total',
    help: 'Scenes of evaluations that were counted.',
    registers,
  });
  const seconds = new Histogram({
    name: 'segprobe_evaluation_seconds',
    help: 'From the beginning of an evaluation to its end, by how it ended.',
    labelNames: ['state'],
    buckets: SECONDS,
    registers,
  });
  if (shards !== null) measureShards(shards, registry);

  /** What was told of each evaluation. */
  const told = new LRUCache<string, { readonly done: number; readonly hasEnded: boolean }>({
    max: STORE_LIMITS.unfinished + STORE_LIMITS.finished,
  });
  const tell = ({ id, state, done, processedOn, finishedOn }: Evaluation): void => {
    const before = told.get(id) ?? { done: 0, hasEnded: false };
    if (before.hasEnded || done < before.done) return;
    scenes.inc(done - before.done);
    const hasEnded = isFinished(state);
    if (hasEnded && processedOn !== null) {
      seconds.observe({ state }, (finishedOn! - processedOn) / 1000);
    }
    told.set(id, { done, hasEnded });
  };
  // What was counted before this server began is not counted again.
  const begun = store
    .unfinished()
    .then(async (ids) => {
      for (const id of ids) {
        told.set(id, { done: (await store.find(id))?.done ?? 0, hasEnded: false });
      }
    })
    .catch(() => undefined); // A store that fails tells of itself.
  const look = async (ids: readonly string[]): Promise<void> => {
    await begun;
    for (const id of ids) {
      const found = await store.find(id);
      if (found !== undefined) tell(found);
    }
  };
  // Null: any may have changed.
  store.onChange((id) => void look(id === null ? [...told.keys()] : [id]).catch(() => undefined));
}

/** The queue on Redis: how many shards wait or are counted, and by how many workers. */
function measureShards(shards: ShardLoad, registry: Registry): void {
  gaugeByState(
    registry,
    'segprobe_evaluation_shards',
    'Shards of evaluations in the queue, by state.',
    () => shards.count(),
  );
  new Gauge({
    name: 'segprobe_evaluation_workers',
    help: 'Workers that take shards from the queue.',
    registers: [registry],
    async collect() {
      const count = await inTime(shards.countWorkers());
      if (count === undefined) this.remove();
      else this.set(count);
    },
  });
}

function gaugeByState(
  registry: Registry,
  name: string,
  help: string,
  count: () => Promise<Readonly<Record<string, number>>>,
): void {
  new Gauge({
    name,
    help,
    labelNames: ['state'],
    registers: [registry],
    async collect() {
      this.reset();
      const counts = Object.entries((await inTime(count())) ?? {});
      for (const [state, value] of counts) this.set({ state }, value);
    },
  });
}

/** Undefined where it fails or takes too long. */
function inTime<T>(answer: Promise<T>): Promise<T | undefined> {
  return untilAborted(answer, AbortSignal.timeout(PATIENCE_MS)).catch(() => undefined);
}
