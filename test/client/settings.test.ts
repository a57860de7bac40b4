import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  DEFAULT_SETTINGS,
  fromFragment,
  GREATEST_EPSILON,
  GREATEST_GAIN,
  type Settings,
  toFragment,
} from '../../src/client/settings.js';

describe('settings in a link', () => {
  it('are none where all is as by default', () => {
    assert.equal(toFragment(DEFAULT_SETTINGS), '');
    assert.deepEqual(fromFragment(''), DEFAULT_SETTINGS);
  });

  it('come back as they were', () => {
    const percent = fc.integer({ min: 0, max: 100 }).map((value) => value / 100);
    const name = fc.string({ minLength: 1 });
    const settings: fc.Arbitrary<Settings> = fc.record(
      {
        sample: fc.integer({ min: 0, max: 5 }),
        victim: fc.option(name),
        attacker: fc.option(fc.string()),
        strength: percent,
        epsilon: fc.option(fc.integer({ min: 1, max: GREATEST_EPSILON })),
        gain: fc.integer({ min: 1, max: GREATEST_GAIN }),
        opacity: percent,
        follow: fc.option(name),
        place: fc.constantFrom('browser', 'server'),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(settings, (chosen) => {
        assert.deepEqual(fromFragment(toFragment(chosen)), chosen);
      }),
    );
  });

  it('are as by default where they make no sense', () => {
    const senseless = 'sample=-1&strength=101&epsilon=0.5&gain=99&opacity=&place=moon';
    assert.deepEqual(fromFragment(senseless), DEFAULT_SETTINGS);
    fc.assert(fc.property(fc.string(), (text) => void fromFragment(text)));
  });
});
