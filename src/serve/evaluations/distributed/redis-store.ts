import { EventEmitter } from 'node:events';
import type { Redis } from 'ioredis';
import type { EvaluationPart } from '../../../shared/evaluation-part.js';
import type { ErrorCode } from '../../../shared/errors.js';
import type { EvaluationResult } from '../../../shared/evaluation.js';
import {
  type Evaluation,
  type EvaluationPlan,
  type EvaluationState,
  isFinished,
} from '../evaluation.js';
import { type EvaluationStore, keyReused, type Page, STORE_LIMITS, tooManyWait } from '../store.js';
import { PREFIX, toRedisRefusal } from './redis.js';
import { SCRIPTS } from './scripts.js';

const ALL = `${PREFIX}:evaluations`;
const UNFINISHED = `${PREFIX}:unfinished`;
const CHANNEL = `${PREFIX}:changed`;
const evaluationKey = (id: string): string => `${PREFIX}:evaluation:${id}`;
const partsKey = (id: string): string => `${PREFIX}:parts:${id}`;
/** How many evaluations are looked at in one go for those of a state. */
const LIST_STEP = 100;

type ScriptName = keyof typeof SCRIPTS;

/**
 * Opens the store that servers and workers share. Every change is one script in Redis: done as a whole, and not at all twice.
 * With Redis's append-only file it lasts through a restart of Redis.
 *
 * @param redis - is closed with the store; so is `subscriber`, which listens to changes.
 */
export function openRedisStore(redis: Redis, subscriber: Redis): EvaluationStore {
  const changes = new EventEmitter().setMaxListeners(0);
  for (const [name, { keys, lua }] of Object.entries(SCRIPTS)) {
    redis.defineCommand(name, { numberOfKeys: keys, lua });
  }
  const run = (name: ScriptName, ...args: readonly (string | number)[]): Promise<unknown> =>
    (redis as unknown as Record<ScriptName, (...own: typeof args) => Promise<unknown>>)[name](
      ...args,
    );
  subscriber.on('message', (_channel, id: string) => changes.emit('change', id));
  // What changed while the connection was lost was not told.
  subscriber.on('ready', () => changes.emit('change', null));
  subscriber.subscribe(CHANNEL).catch(() => undefined); // Again with the next connection.

  async function find(id: string): Promise<Evaluation | undefined> {
    const fields = await redis.hgetall(evaluationKey(id));
    return fields['id'] === undefined ? undefined : toEvaluation(fields);
  }

  async function forgetOldest(): Promise<void> {
    const [all, unfinished] = await Promise.all([redis.zcard(ALL), redis.zcard(UNFINISHED)]);
    const surplus = all - unfinished - STORE_LIMITS.finished;
    if (surplus <= 0) return;
    for (const id of await redis.zrange(ALL, '0', String(surplus + unfinished - 1))) {
      const found = await find(id);
      if (found !== undefined && !isFinished(found.state)) continue;
      await redis.multi().zrem(ALL, id).del(evaluationKey(id)).exec();
    }
  }

  async function list({ limit, before, state }: Page): Promise<Evaluation[]> {
    const found: Evaluation[] = [];
    let end = before === undefined ? '+' : `(${before}`;
    while (found.length < limit) {
      const ids = await redis.zrevrangebylex(ALL, end, '-', 'LIMIT', 0, LIST_STEP);
      const own = await Promise.all(ids.map(find));
      found.push(
        ...(own.filter(
          (one) => one !== undefined && (state === undefined || one.state === state),
        ) as Evaluation[]),
      );
      if (ids.length < LIST_STEP) break;
      end = `(${ids.at(-1)}`;
    }
    return found.slice(0, limit);
  }

  return refusing({
    async create({ id, timestamp, plan, idempotency }) {
      const { key = '', fingerprint = '' } = idempotency ?? {};
      const keys = [evaluationKey(id), ALL, UNFINISHED, `${PREFIX}:key:${key}`];
      const values = [id, timestamp, JSON.stringify(plan), fingerprint];
      const limits = [STORE_LIMITS.keyMs, STORE_LIMITS.unfinished, CHANNEL];
      const [outcome, own] = (await run('createEvaluation', ...keys, ...values, ...limits)) as [
        string,
        string,
      ];
      // Sent twice, since the connection was lost before the answer, it meets itself.
      if (outcome === 'full' && (await find(id)) === undefined) throw tooManyWait();
      if (outcome === 'reused') throw keyReused(key);
      if (outcome === 'created') await forgetOldest();
      return outcome === 'known' ? own : id;
    },
    find,
    list,
    async countByState() {
      const pipeline = redis.pipeline();
      for (const id of await redis.zrange(ALL, '0', '-1'))
        pipeline.hget(evaluationKey(id), 'state');
      const counts: Partial<Record<EvaluationState, number>> = {};
      for (const [error, state] of (await pipeline.exec()) ?? []) {
        if (error !== null) throw error;
        // Null: forgotten meanwhile.
        if (state !== null)
          counts[state as EvaluationState] = (counts[state as EvaluationState] ?? 0) + 1;
      }
      return counts;
    },
    unfinished: () => redis.zrange(UNFINISHED, '0', '-1'),
    begin: async (id) =>
      (await run('beginEvaluation', evaluationKey(id), Date.now(), CHANNEL)) === 1,
    async parts(id) {
      const parts = Object.entries(await redis.hgetall(partsKey(id)));
      return new Map(
        parts
          .map(([shard, part]) => [Number(shard), JSON.parse(part) as EvaluationPart] as const)
          .sort(([a], [b]) => a - b),
      );
    },
    addPart: async (id, shard, part) =>
      (await run(
        'addEvaluationPart',
        evaluationKey(id),
        partsKey(id),
        shard,
        JSON.stringify(part),
        part.scenes.length,
        CHANNEL,
      )) === 1,
    async finish(id, outcome) {
      const fields = {
        ...{ state: outcome.state, finishedOn: Date.now() },
        ...(outcome.state === 'completed' && { result: JSON.stringify(outcome.result) }),
        ...(outcome.state === 'failed' && {
          ...{ failedReason: outcome.failedReason, failedCode: outcome.failedCode },
        }),
      };
      const keys = [evaluationKey(id), partsKey(id), UNFINISHED];
      return (
        (await run('finishEvaluation', ...keys, id, CHANNEL, ...Object.entries(fields).flat())) ===
        1
      );
    },
    onChange(listener) {
      changes.on('change', listener);
      return () => void changes.off('change', listener);
    },
    close() {
      redis.disconnect();
      subscriber.disconnect();
      return Promise.resolve();
    },
  });
}

/** A store whose calls refuse by what Redis's failures mean. */
function refusing(store: EvaluationStore): EvaluationStore {
  const guarded = Object.entries(store)
    .filter(([name]) => name !== 'onChange')
    .map(([name, call]) => [
      name,
      async (...args: readonly unknown[]): Promise<unknown> => {
        try {
          return await (call as (...own: typeof args) => Promise<unknown>)(...args);
        } catch (error) {
          throw toRedisRefusal(error);
        }
      },
    ]);
  return { ...store, ...(Object.fromEntries(guarded) as Partial<EvaluationStore>) };
}

function toEvaluation(fields: Readonly<Record<string, string>>): Evaluation {
  const numberOf = (name: string): number | null =>
    fields[name] === undefined ? null : Number(fields[name]);
  return {
    id: fields['id']!,
    state: fields['state'] as EvaluationState,
    plan: JSON.parse(fields['plan']!) as EvaluationPlan,
    timestamp: Number(fields['timestamp']),
    processedOn: numberOf('processedOn'),
    finishedOn: numberOf('finishedOn'),
    done: Number(fields['done']),
    result:
      fields['result'] === undefined ? null : (JSON.parse(fields['result']) as EvaluationResult),
    failedReason: fields['failedReason'] ?? null,
    failedCode: (fields['failedCode'] as ErrorCode | undefined) ?? null,
    version: Number(fields['version']),
  };
}
