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
    const memory = new Memory(3 * MIB);
    for (const key of ['a', 'b', 'c']) memory.now(key, () => ({ data: new Uint8Array(MIB), key }));
    memory.now('a', () => assert.fail('is known'));
    memory.now('number', () => 7);
    memory.now('d', () => new Float32Array(MIB / 4));
    assert.equal(memory.find<{ key: string }>('a')?.key, 'a');
    assert.equal(memory.find('b'), undefined);
    assert.equal(memory.find('number'), 7);
  });

  it('finds what is computed only once it is', async () => {
    const memory = new Memory(MIB);
    const coming = memory.later('a', () => Promise.resolve(1));
    assert.equal(memory.find('a'), undefined);
    await coming;
    assert.equal(memory.find('a'), 1);
  });
});
