import assert from 'node:assert/strict';
import type { Suspect } from '../../../src/inference/audit/audit-dataset.js';
import { groupSuspects } from '../../../src/report/fault-report/group-suspects.js';

const suspect = (index: number, own: Partial<Suspect> = {}): Suspect => ({
  ...{ index, image: `frame${index}`, given: 1, suggested: 2, score: 0.9 },
  ...{ box: [10, 10, 30, 30], labelBox: [10, 10, 30, 30], pixels: 300, depth: 5, margin: 1 },
  ...own,
});

describe('groupSuspects', () => {
  it('tells the same in neighbouring images once, following it where it moves', () => {
    const groups = groupSuspects(
      [
        suspect(4),
        suspect(5, { box: [20, 10, 40, 30] }), // a third of what both cover
        suspect(6, { box: [30, 10, 50, 30] }), // touches the first no more, but the second
        suspect(5, { given: 3 }),
        suspect(40), // far away in the video
        suspect(4, { box: [12, 12, 30, 30] }), // joins the one of image 5, not the one of its own image
      ],
      10,
    );
    assert.deepEqual(
      groups.map(({ rank, alsoIn }) => [rank, alsoIn]),
      [
        [0, ['frame5', 'frame6']],
        [3, []],
        [4, []],
      ],
    );
  });

  it('gives as many as are asked for, with the members of each that come later', () => {
    const groups = groupSuspects([suspect(1), suspect(30), suspect(2)], 1);
    assert.deepEqual(
      groups.map(({ suspect: { index }, alsoIn }) => [index, alsoIn]),
      [[1, ['frame2']]],
    );
  });
});
