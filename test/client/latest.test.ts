import assert from 'node:assert/strict';
import { latestOnly } from '../../src/client/latest.js';

describe('latestOnly', () => {
  it('runs one at a time, and of what came meanwhile the latest', async () => {
    const ran: number[] = [];
    const ends: (() => void)[] = [];
    const call = latestOnly<number>(
      (value) => {
        ran.push(value);
        return new Promise((resolve) => ends.push(resolve));
      },
      () => assert.fail('no run fails'),
    );
    for (const value of [1, 2, 3]) call(value);
    assert.deepEqual(ran, [1]);
    ends[0]!();
    await new Promise(setImmediate);
    assert.deepEqual(ran, [1, 3]);
    ends[1]!();
    await new Promise(setImmediate);
    call(4);
    assert.deepEqual(ran, [1, 3, 4]);
  });

  it('tells of a run that fails, and runs on', async () => {
    const told: unknown[] = [];
    const call = latestOnly<string>(
      (value) => (value === 'bad' ? Promise.reject(new Error(value)) : Promise.resolve()),
      (error) => told.push((error as Error).message),
    );
    call('bad');
    call('good');
    await new Promise(setImmediate);
    assert.deepEqual(told, ['bad']);
  });
});
