import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import Database from 'libsql';
import {
  createEvaluationId,
  type EvaluationPlan,
} from '../../../src/serve/evaluations/evaluation.js';
import { openSqliteStore } from '../../../src/serve/evaluations/embedded/sqlite-store.js';
import { STORE_LIMITS } from '../../../src/serve/evaluations/store.js';
import type { EvaluationPart } from '../../../src/shared/evaluation-part.js';
import { scratchFolder } from '../../support/scratch-folder.js';

const PLAN: EvaluationPlan = {
  ...{ dataset: 'scenes', split: 'val', victim: 'tiny', attacker: null, limit: null },
  ...{ sha256: { victim: 'v', attacker: null }, scenes: 3, scenesDigest: 'd' },
  classTable: { classes: [], ignoreIndex: 0 },
};
const PART: EvaluationPart = { clean: [1], attacked: null, scenes: [{ miou: 0.1, attack: null }] };

describe('openSqliteStore', () => {
  let folder: string;
  let remove: () => Promise<void>;
  before(async () => ({ folder, remove } = await scratchFolder()));
  after(() => remove());

  const create = () => ({ id: createEvaluationId(), timestamp: Date.now(), plan: PLAN });

  it('keeps what it was told across a restart, parts in their order', async () => {
    const file = path.join(folder, 'deep', 'store.db');
    const first = openSqliteStore(file);
    const id = await first.create(create());
    assert.equal(await first.begin(id), true);
    assert.equal(await first.addPart(id, 2, PART), true);
    assert.equal(await first.addPart(id, 0, PART), true);
    assert.equal(await first.addPart(id, 2, { ...PART, clean: [9] }), true);
    await first.close();
    const second = openSqliteStore(file);
    assert.deepEqual(await second.unfinished(), [id]);
    assert.deepEqual(
      [...(await second.parts(id))],
      [
        [0, PART],
        [2, PART],
      ],
    );
    const found = (await second.find(id))!;
    assert.deepEqual([found.state, found.done, found.plan], ['active', 2, PLAN]);
    await second.close();
  });

  it('ends an evaluation once, forgets its parts and takes no more', async () => {
    const store = openSqliteStore(':memory:');
    const id = await store.create(create());
    await store.begin(id);
    await store.addPart(id, 0, PART);
    assert.equal(await store.finish(id, { state: 'cancelled' }), true);
    assert.equal(
      await store.finish(id, { state: 'failed', failedReason: 'x', failedCode: 'INTERNAL' }),
      false,
    );
    assert.deepEqual([await store.addPart(id, 1, PART), await store.begin(id)], [false, false]);
    assert.equal((await store.parts(id)).size, 0);
    assert.equal((await store.find(id))!.state, 'cancelled');
    await store.close();
  });

  it('refuses more evaluations than may wait, and forgets the oldest that have ended', async () => {
    const store = openSqliteStore(':memory:');
    const ids: string[] = [];
    for (let i = 0; i < STORE_LIMITS.unfinished; i++) ids.push(await store.create(create()));
    await assert.rejects(store.create(create()), { code: 'QUEUE_FULL' });
    for (const id of ids) await store.finish(id, { state: 'cancelled' });
    for (let i = 0; i < STORE_LIMITS.finished; i++) {
      await store.finish(await store.create(create()), { state: 'cancelled' });
    }
    await store.create(create());
    assert.equal((await store.list({ limit: 5000 })).length, STORE_LIMITS.finished + 1);
    assert.equal(await store.find([...ids].sort()[0]!), undefined);
    await store.close();
  });

  it('knows an idempotency key for a day', async () => {
    const store = openSqliteStore(':memory:');
    const idempotency = { key: 'k', fingerprint: 'f' };
    const timestamp = Date.now();
    const first = await store.create({ ...create(), timestamp, idempotency });
    assert.equal(await store.create({ ...create(), idempotency }), first);
    await assert.rejects(
      store.create({ ...create(), idempotency: { key: 'k', fingerprint: 'g' } }),
      {
        code: 'IDEMPOTENCY_KEY_REUSED',
      },
    );
    const later = timestamp + STORE_LIMITS.keyMs + 1;
    assert.notEqual(await store.create({ ...create(), timestamp: later, idempotency }), first);
    await store.close();
  });

  it('refuses a file that another has open, one that is no store, and one of another version', async () => {
    const file = path.join(folder, 'one.db');
    const store = openSqliteStore(file);
    assert.throws(() => openSqliteStore(file), { code: 'STORE_IN_USE', message: /--store/ });
    await store.close();
    await openSqliteStore(file).close();

    const text = path.join(folder, 'text.db');
    await writeFile(text, 'hello, this is no store at all '.repeat(100));
    assert.throws(() => openSqliteStore(text), {
      code: 'FILE_INVALID',
      message: /text\.db: expected a store/,
    });
    await mkdir(path.join(folder, 'folder.db'));
    assert.throws(() => openSqliteStore(path.join(folder, 'folder.db')), { code: 'FILE_INVALID' });

    const other = path.join(folder, 'other.db');
    const database = new Database(other);
    database.exec('pragma user_version = 7');
    database.close();
    assert.throws(() => openSqliteStore(other), {
      code: 'FILE_INVALID',
      message: /version 7, expected 1/,
    });
  });
});
