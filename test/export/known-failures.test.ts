import assert from 'node:assert/strict';
import { knownFailuresOf } from '../../src/export/known-failures.js';
import { parseTrainConfig } from '../../src/train/config.js';
import { checkpointAt } from '../support/checkpoints.js';

const { state: STATE } = checkpointAt(20);
/** Every class at 0.9, but for some. */
const iouWith = (own: Readonly<Record<number, number | null>>): (number | null)[] =>
  STATE.classes.map((_, k) => (k in own ? own[k]! : 0.9));
const bestWith = (iou: (number | null)[]) => ({ ...STATE.best!, images: 101, iou });

describe('knownFailuresOf', () => {
  it('names the classes below one half, worst first, and none that does not count', () => {
    const best = bestWith(iouWith({ 1: 0.499, 3: 0.07, 4: null, 5: 0.5, 6: 0.01 }));
    const failures = knownFailuresOf({ ...STATE, best, ignoreIndex: 6 });
    assert.deepEqual(failures.slice(0, 2), [
      `${STATE.classes[3]!.name}: IoU 7.0 % on val.`,
      `${STATE.classes[1]!.name}: IoU 49.9 % on val.`,
    ]);
    assert.match(failures[2]!, /chosen by the figures on val/);
  });

  it('says that nothing was measured where nothing was', () => {
    assert.match(knownFailuresOf({ ...STATE, best: null })[0]!, /^Nothing was measured/);
  });

  it('tells what a data set leaves out, where it is one that segprobe knows', () => {
    const of = (dataset: string): string =>
      knownFailuresOf({ ...STATE, config: parseTrainConfig({ dataset }) }).join(' ');
    assert.match(of('camvid'), /Cambridge/);
    assert.match(of('sample'), /photographs were not measured/);
    assert.doesNotMatch(of('folder'), /were not measured/);
  });

  it('says whom it was hardened against', () => {
    const config = { ...STATE.config, attackers: ['mal-8', 'mal-4'] };
    assert.match(knownFailuresOf({ ...STATE, config }).at(-1)!, /against mal-8, mal-4 alone/);
    assert.match(knownFailuresOf(STATE).at(-1)!, /^Nothing was done against attacks/);
  });
});
