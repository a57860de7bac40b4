import assert from 'node:assert/strict';
import { Memory } from '../../../src/client/worker/memory.js';

const MIB = 2 ** 20;

describe('Memory', () => {
  it('computes once, even where it is asked for while it is computed', async () => {
    const memory = new Memory(MIB);
    let runs = 0;
    const compute = () => Promise.resolve(++runs);
    assert.deepEqual(
      await Promise.all([memory.later('a', compute), memory.later('a', compute)]),
      [1, 1],
    );
  });

  it('forgets what failed', async () => {
    const memory = new Memory(MIB);
    await assert.rejects(memory.later('a', () => Promise.reject(new Error('no'))));
    assert.equal(await memory.later('a', () => Promise.resolve(2)), 2);
  });

  it('lets go of what was not asked for for longest', () => {
    const memory = new Memory(8 * MIB); // 12 things
    for (let i = 0; i < 12; i++) memory.now(`${i}`, () => i);
    memory.now('0', () => assert.fail('is known'));
    memory.now('12', () => 12);
    assert.equal(memory.find('0'), 0);
    assert.equal(memory.find('1'), undefined);
  });
});
