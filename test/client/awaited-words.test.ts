import assert from 'node:assert/strict';
import { awaitedWords } from '../../src/client/awaited-words.js';

describe('awaitedWords', () => {
  it('says what is shown and what is to come', () => {
    const [half, less] = [0.5, 0.45].map((strength) => ({ strength, epsilon: null }));
    assert.equal(awaitedWords(half!, less!), 'of 50 %, computing 45 % …');
    assert.equal(
      awaitedWords(half!, { strength: 0.5, epsilon: 8 }),
      'of no limit, computing 8/255 …',
    );
  });

  it('says only that it computes where another model or picture is asked about', () => {
    const position = { strength: 1, epsilon: 4 };
    assert.equal(awaitedWords(position, position), 'computing …');
  });
});
