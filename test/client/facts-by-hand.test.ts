import assert from 'node:assert/strict';
import { factsByHand } from '../../src/client/facts-by-hand.js';

const TYPED = { kind: 'victim', classes: 'road, sky ,thing', width: '480', height: '360' };

describe('factsByHand', () => {
  it('takes names, and their colours where data sets know them', () => {
    const { kind, classes, palette, inputSize } = factsByHand(TYPED);
    assert.deepEqual([kind, classes], ['victim', ['road', 'sky', 'thing']]);
    assert.deepEqual(palette.slice(0, 2), [
      [128, 64, 128],
      [128, 128, 128],
    ]);
    assert.deepEqual(inputSize, { width: 480, height: 360 });
  });

  for (const [typed, message] of [
    [{ classes: ' , ' }, /names of 1 to 255 classes, got 0/],
    [{ width: '100' }, /a width that is a multiple of 8, got "100"/],
    [{ height: '' }, /a height that is a multiple of 8, got ""/],
  ] as const) {
    it(`refuses ${JSON.stringify(typed)}`, () => {
      assert.throws(() => factsByHand({ ...TYPED, ...typed }), message);
    });
  }
});
