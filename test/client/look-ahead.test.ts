import assert from 'node:assert/strict';
import { directionOf, positionsAround } from '../../src/client/look-ahead.js';

const QUESTION = { victim: 'v', attacker: 'a', strength: 0.5, epsilon: null };

describe('positionsAround', () => {
  it('asks for the nearest strengths first, and never for that of now or none', () => {
    const strengths = positionsAround(QUESTION, 'strength').map(({ strength }) => strength);
    assert.deepEqual(strengths.slice(0, 4), [0.45, 0.55, 0.4, 0.6]);
    assert.equal(strengths.length, 19);
    assert.ok(!strengths.includes(0) && !strengths.includes(0.5));
  });

  it('looks twice as far in the direction of the move', () => {
    const strengths = (direction: -1 | 1) =>
      positionsAround(QUESTION, 'strength', direction).map(({ strength }) => strength);
    assert.deepEqual(strengths(-1).slice(0, 6), [0.45, 0.4, 0.55, 0.35, 0.3, 0.6]);
    assert.deepEqual(strengths(1).slice(0, 3), [0.55, 0.6, 0.45]);
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

describe('directionOf', () => {
  it('is down, up, or none where the slider was not moved', () => {
    const to = (strength: number) => directionOf(QUESTION, { ...QUESTION, strength }, 'strength');
    assert.deepEqual([0.4, 0.6, 0.5].map(to), [-1, 1, 0]);
    assert.equal(directionOf(QUESTION, { ...QUESTION, epsilon: 32 }, 'epsilon'), -1);
  });
});
