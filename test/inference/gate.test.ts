import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createGate } from '../../src/inference/gate.js';

/** A task that ends when told to. */
function heldTask(): { task: () => Promise<string>; begun: () => boolean; finish: () => void } {
  let begun = false;
  let finish = (): void => undefined;
  const done = new Promise<string>((resolve) => (finish = () => resolve('done')));
  return {
    task: () => {
      begun = true;
      return done;
    },
    begun: () => begun,
    finish: () => finish(),
  };
}

describe('createGate', () => {
  it('runs as many as may and the others in order', async () => {
    const gate = createGate({ running: 2, waiting: 5 });
    const order: number[] = [];
    let most = 0;
    await Promise.all(
      [0, 1, 2, 3, 4].map((i) =>
        gate.run(async () => {
          order.push(i);
          most = Math.max(most, gate.running);
          await nextTurn();
        }),
      ),
    );
    assert.deepEqual([order, most, gate.running], [[0, 1, 2, 3, 4], 2, 0]);
  });

  it('refuses at once when as many wait as may', async () => {
    const gate = createGate({ running: 1, waiting: 1 });
    const [first, second] = [heldTask(), heldTask()];
    const work = [gate.run(first.task), gate.run(second.task)];
    await assert.rejects(gate.run(heldTask().task), { code: 'QUEUE_FULL' });
    assert.deepEqual([gate.running, gate.waiting, second.begun()], [1, 1, false]);
    first.finish();
    second.finish();
    assert.deepEqual(await Promise.all(work), ['done', 'done']);
    assert.equal(await gate.run(() => Promise.resolve('again')), 'again');
  });

  it('lets no more wait than are done in time, and at least as many as run', async () => {
    const gate = createGate({ running: 2, waiting: 50, maxWaitMs: 10 });
    // Before the first has ended, nobody knows how long one takes.
    assert.equal(gate.mayWait, 50);
    const busyFor = async (ms: number): Promise<void> => {
      const end = performance.now() + ms;
      while (performance.now() < end) await nextTurn();
    };
    await gate.run(() => busyFor(2));
    // Two at a time, of 2 ms or more each: ten in 10 ms at most.
    assert.ok(gate.mayWait >= 2 && gate.mayWait <= 10, `${gate.mayWait} may wait`);
    await gate.run(() => busyFor(120));
    assert.equal(gate.mayWait, 2);
    const held = [0, 1, 2, 3].map(() => heldTask());
    const works = held.map(({ task }) => gate.run(task));
    await assert.rejects(gate.run(heldTask().task), {
      code: 'QUEUE_FULL',
      message: /at most 2 waiting tasks/,
    });
    for (const { finish } of held) finish();
    await Promise.all(works);
  });

  it('gives the place back when a task fails', async () => {
    const gate = createGate({ running: 1, waiting: 0 });
    for (let i = 0; i < 3; i++) {
      await assert.rejects(
        gate.run(() => Promise.reject(new Error('broken'))),
        /broken/,
      );
    }
    assert.equal(await gate.run(() => Promise.resolve(1)), 1);
  });

  it('takes a cancelled task out of the queue and never runs it', async () => {
    const gate = createGate({ running: 1, waiting: 2 });
    const [first, second, third] = [heldTask(), heldTask(), heldTask()];
    const running = gate.run(first.task);
    const abort = new AbortController();
    const dropped = gate.run(second.task, abort.signal);
    const kept = gate.run(third.task);
    abort.abort();
    await assert.rejects(dropped, { code: 'CANCELLED' });
    assert.equal(gate.waiting, 1);
    first.finish();
    third.finish();
    await Promise.all([running, kept]);
    assert.deepEqual([second.begun(), third.begun()], [false, true]);
  });

  it('runs nothing for a signal that is aborted already', async () => {
    const gate = createGate({ running: 1, waiting: 1 });
    const held = heldTask();
    await assert.rejects(gate.run(held.task, AbortSignal.abort()), { code: 'CANCELLED' });
    assert.deepEqual([held.begun(), gate.running], [false, 0]);
  });

  it('is idle when the last task has ended', async () => {
    const gate = createGate({ running: 1, waiting: 1 });
    await gate.idle();
    const [first, second] = [heldTask(), heldTask()];
    const work = [gate.run(first.task), gate.run(second.task)];
    let idle = false;
    const waiting = gate.idle().then(() => (idle = true));
    first.finish();
    await nextTurn();
    assert.equal(idle, false);
    second.finish();
    await Promise.all([...work, waiting]);
    assert.equal(idle, true);
  });
});
