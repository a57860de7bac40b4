import { EventEmitter } from 'node:events';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import Database from 'libsql';
import { fromFileError } from '../../../data/files.js';
import type { EvaluationPart } from '../../../shared/evaluation-part.js';
import { SegprobeError, messageOf } from '../../../shared/errors.js';
import type { EvaluationResult } from '../../../shared/evaluation.js';
import type { Evaluation, EvaluationPlan, EvaluationState } from '../evaluation.js';
import { type EvaluationStore, keyReused, STORE_LIMITS, tooManyWait } from '../store.js';

/** Of the tables below; a file that has another was written by another version. */
const SCHEMA_VERSION = 1;
const SCHEMA = `
  create table if not exists evaluations (
    id text primary key, state text not null, plan text not null, timestamp integer not null,
    processedOn integer, finishedOn integer, done integer not null default 0, result text,
    failedReason text, failedCode text, version integer not null default 1,
    key text unique, fingerprint text
  );
  create index if not exists evaluationsByState on evaluations (state, id);
  create table if not exists parts (
    evaluation text not null, shard integer not null, part text not null, primary key (evaluation, shard)
  ) without rowid;
  pragma user_version = ${SCHEMA_VERSION};
`;

interface Row extends Omit<Evaluation, 'plan' | 'result'> {
  readonly plan: string;
  readonly result: string | null;
  readonly key: string | null;
  readonly fingerprint: string | null;
}

const UNFINISHED = "state in ('waiting', 'active')";

/**
 * Opens the embedded store: one SQLite file, which this process has for itself until it ends.
 *
 * @param file - made with its folder where it is missing; `:memory:` keeps nothing.
 * @throws SegprobeError `STORE_IN_USE` where another process has it, `FILE_INVALID` where it is no store.
 */
export function openSqliteStore(file: string): EvaluationStore {
  const database = openDatabase(file);
  const changes = new EventEmitter().setMaxListeners(0);
  const sql = (text: string) => database.prepare(text);
  const statements = {
    insert: sql(`insert into evaluations (id, state, plan, timestamp, key, fingerprint)
                 values (?, 'waiting', ?, ?, ?, ?)`),
    find: sql('select * from evaluations where id = ?'),
    byKey: sql('select id, fingerprint from evaluations where key = ?'),
    forgetKeys: sql('update evaluations set key = null where key is not null and timestamp < ?'),
    forgetOld: sql(`delete from evaluations where id in (select id from evaluations
                    where not ${UNFINISHED} order by id desc limit -1 offset ?)`),
    unfinished: sql(`select id from evaluations where ${UNFINISHED} order by id`),
    list: sql(`select * from evaluations where (?1 is null or id < ?1) and (?2 is null or state = ?2)
               order by id desc limit ?3`),
    countByState: sql('select state, count(*) as count from evaluations group by state'),
    begin: sql(`update evaluations set state = 'active', processedOn = coalesce(processedOn, ?),
                version = version + 1 where id = ? and state = 'waiting'`),
    parts: sql('select shard, part from parts where evaluation = ? order by shard'),
    addPart: sql('insert or ignore into parts values (?, ?, ?)'),
    progress: sql('update evaluations set done = done + ?, version = version + 1 where id = ?'),
    finish:
      sql(`update evaluations set state = ?, finishedOn = ?, result = ?, failedReason = ?, failedCode = ?,
                 version = version + 1 where id = ? and ${UNFINISHED}`),
    forgetParts: sql('delete from parts where evaluation = ?'),
  };
  const stateOf = (id: string): EvaluationState | undefined =>
    (statements.find.get(id) as Row | undefined)?.state;
  const write = <T>(change: () => T): T => database.transaction(change).immediate();
  /** Lasts through a power cut; others last through the end of the process, and are done again after a power cut. */
  const writeDurably = <T>(change: () => T): T => {
    database.exec('pragma synchronous = full');
    try {
      return write(change);
    } finally {
      database.exec('pragma synchronous = normal');
    }
  };
  const tell = (id: string): void => void changes.emit('change', id);

  return {
    create: ({ id, timestamp, plan, idempotency }) =>
      attempt(() => {
        const created = writeDurably(() => {
          statements.forgetKeys.run(timestamp - STORE_LIMITS.keyMs);
          const { key = null, fingerprint = null } = idempotency ?? {};
          const earlier = key === null ? undefined : (statements.byKey.get(key) as Row | undefined);
          if (earlier !== undefined) {
            if (earlier.fingerprint !== fingerprint) throw keyReused(key!);
            return earlier.id;
          }
          if (statements.unfinished.all().length >= STORE_LIMITS.unfinished) throw tooManyWait();
          statements.insert.run(id, JSON.stringify(plan), timestamp, key, fingerprint);
          statements.forgetOld.run(STORE_LIMITS.finished);
          return id;
        });
        if (created === id) tell(id);
        return created;
      }),
    find: (id) =>
      attempt(() => {
        const row = statements.find.get(id) as Row | undefined;
        return row && toEvaluation(row);
      }),
    list: ({ limit, before = null, state = null }) =>
      attempt(() => (statements.list.all(before, state, limit) as Row[]).map(toEvaluation)),
    countByState: () =>
      attempt(() => {
        const rows = statements.countByState.all() as { state: EvaluationState; count: number }[];
        return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
      }),
    unfinished: () => attempt(() => (statements.unfinished.all() as Row[]).map(({ id }) => id)),
    begin: (id) =>
      attempt(() => {
        const isBegun = write(() => statements.begin.run(Date.now(), id)).changes === 1;
        if (isBegun) tell(id);
        return stateOf(id) === 'active';
      }),
    parts: (id) =>
      attempt(() => {
        const rows = statements.parts.all(id) as { shard: number; part: string }[];
        return new Map(rows.map(({ shard, part }) => [shard, JSON.parse(part) as EvaluationPart]));
      }),
    addPart: (id, shard, part) =>
      attempt(() => {
        const isActive = write(() => {
          if (stateOf(id) !== 'active') return false;
          const { changes: added } = statements.addPart.run(id, shard, JSON.stringify(part));
          if (added === 1) statements.progress.run(part.scenes.length, id);
          return true;
        });
        if (isActive) tell(id);
        return isActive;
      }),
    finish: (id, outcome) =>
      attempt(() => {
        const { state } = outcome;
        const result = state === 'completed' ? JSON.stringify(outcome.result) : null;
        const { failedReason, failedCode } =
          state === 'failed' ? outcome : { failedReason: null, failedCode: null };
        const values = [state, Date.now(), result, failedReason, failedCode, id];
        const isEnded = writeDurably(() => {
          statements.forgetParts.run(id);
          return statements.finish.run(...values).changes === 1;
        });
        if (isEnded) tell(id);
        return isEnded;
      }),
    onChange(listener) {
      changes.on('change', listener);
      return () => void changes.off('change', listener);
    },
    close: () =>
      attempt(() => {
        // What was prepared holds the file until it is collected: the lock is given back first.
        database.exec(
          'pragma journal_mode = delete; pragma locking_mode = normal; select 1 from parts',
        );
        database.close();
      }),
  };
}

function openDatabase(file: string): Database.Database {
  try {
    if (file !== ':memory:') mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
  } catch (error) {
    throw fromFileError(error, file);
  }
  let database: Database.Database | undefined;
  try {
    database = new Database(file);
    // The lock is the system's: it ends with the process, however that ends.
    for (const pragma of ['locking_mode = exclusive', 'journal_mode = wal'])
      database.pragma(pragma);
    database.exec('begin immediate; commit');
    const version = (database.prepare('pragma user_version').get() as { user_version: number })
      .user_version;
    if (version !== 0 && version !== SCHEMA_VERSION) {
      throw new Error(`tables of version ${version}, expected ${SCHEMA_VERSION}`);
    }
    database.exec(SCHEMA);
    return database;
  } catch (cause) {
    database?.close();
    const isBusy = (cause as { readonly code?: unknown }).code === 'SQLITE_BUSY';
    throw isBusy
      ? new SegprobeError(
          'STORE_IN_USE',
          `${file}: expected a store that no other server uses, got one that is in use (choose another with --store)`,
          { cause },
        )
      : new SegprobeError(
          'FILE_INVALID',
          `${file}: expected a store of evaluations, got ${messageOf(cause)}`,
          { cause },
        );
  }
}

/** What SQLite refuses, a full disk for one, rejects as everything else does. */
function attempt<T>(work: () => T): Promise<T> {
  try {
    return Promise.resolve(work());
  } catch (error) {
    const isFull = (error as { readonly code?: unknown }).code === 'SQLITE_FULL';
    const refusal = new SegprobeError(
      'DISK_FULL',
      'expected room to write in the store, got none left on the device',
      { cause: error },
    );
    return Promise.reject(isFull ? refusal : (error as Error));
  }
}

function toEvaluation({ plan, result, key: _key, fingerprint: _print, ...own }: Row): Evaluation {
  return {
    ...own,
    plan: JSON.parse(plan) as EvaluationPlan,
    result: result === null ? null : (JSON.parse(result) as EvaluationResult),
  };
}
