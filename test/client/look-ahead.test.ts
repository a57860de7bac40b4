import assert from 'node:assert/strict';
import { positionsAround } from '../../src/client/look-ahead.js';

const QUESTION = { victim: 'v', attacker: 'a', strength: 0.5, epsilon: null };

describe('positionsAround', () => {
  it('asks for the nearest strengths first, and never for that of now or none', () => {
    const strengths = positionsAround(QUESTION, 'strength').map(({ strength }) => strength);
    assert.deepEqual(strengths.slice(0, 4), [0.45, 0.55, 0.4, 0.6]);
    assert.equal(strengths.length, 19);
    assert.ok(!strengths.includes(0) && !strengths.includes(0.5));
  });

  it('counts no limit as the position behind the greatest epsilon', () => {
    const epsilons = positionsAround(QUESTION, 'epsilon').map(({ epsilon }) => epsilon);
    assert.deepEqual(epsilons.slice(0, 2), [32, 31]);
    const limited = positionsAround({ ...QUESTION, epsilon: 32 }, 'epsilon');
    assert.deepEqual(
      limited.slice(0, 2).map(({ epsilon }) => epsilon),
      [31, null],
    );
  });

  it('has nothing to ask without an attack', () => {
    assert.deepEqual(positionsAround({ ...QUESTION, attacker: null }, 'strength'), []);
  });
});
