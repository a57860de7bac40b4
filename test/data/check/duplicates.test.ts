import assert from 'node:assert/strict';
import { findDuplicates, type SeenPicture } from '../../../src/data/check/duplicates.js';
import { findNearDuplicates } from '../../../src/data/check/near-duplicates.js';
import type { Fault } from '../../../src/data/check/fault.js';
import type { Split } from '../../../src/data/dataset.js';

describe('findDuplicates', () => {
  it('names pictures of the same pixels of one split together', () => {
    const found = findDuplicates([
      seen('train', 'a', 1),
      seen('train', 'b', 2),
      seen('train', 'c', 1),
      seen('train', 'd', 1),
    ]);
    assert.deepEqual(found, [
      {
        kind: 'duplicate',
        split: 'train',
        file: 'a',
        message: 'a: expected pixels of its own, got those of c, d',
        others: ['c', 'd'],
      },
    ]);
  });

  it('names each that a later split has again, with one of each split before', () => {
    const pictures = [
      seen('train', 'a', 1),
      seen('train', 'b', 1),
      seen('val', 'c', 1),
      seen('test', 'd', 1),
    ];
    const leaks = findDuplicates(pictures).filter(({ kind }) => kind === 'leak');
    assert.deepEqual(leaks.map(brief), [
      ['leak', 'val', 'c', ['a']],
      ['leak', 'test', 'd', ['a', 'c']],
    ]);
  });

  it('tells where their labels differ', () => {
    const labelled = (file: string, labelDigest: string | undefined): SeenPicture => ({
      ...seen('train', file, 1),
      labelDigest,
    });
    const pictures = [
      labelled('a', 'x'),
      labelled('b', 'x'),
      labelled('c', 'y'),
      labelled('d', undefined),
    ];
    const [, twoLabels] = findDuplicates(pictures);
    assert.deepEqual(brief(twoLabels!), ['two-labels', 'train', 'a', ['c']]);
    assert.equal(findDuplicates(pictures.filter(({ file }) => file !== 'c')).length, 1);
  });
});

describe('findNearDuplicates', () => {
  it('joins pictures of a split that are near, or near to one that is', async () => {
    // a and c are 20 bits apart, c and d 20 others: a and d 40.
    const found = await findNearDuplicates(
      [
        seen('train', 'a', 1, 0),
        seen('train', 'b', 2, 200),
        seen('train', 'c', 3, 20),
        seen('train', 'd', 4, 40),
      ],
      31,
    );
    assert.deepEqual(found.map(brief), [['near-duplicate', 'train', 'a', ['c', 'd']]]);
    assert.equal(
      found[0]!.message,
      'a: expected pictures that differ, got 3 that hardly do: it and c, d',
    );
  });

  it('names each picture of a later split with the nearest one before', async () => {
    const pictures = [
      seen('train', 'a', 1, 0),
      seen('train', 'b', 2, 12),
      seen('val', 'c', 3, 15),
      seen('test', 'd', 4, 30),
    ];
    const faults = await findNearDuplicates(pictures, 31);
    const found = faults.filter(({ kind }) => kind === 'near-leak');
    assert.deepEqual(
      found.map((fault) => [...brief(fault), fault.distance]),
      [
        ['near-leak', 'val', 'c', ['b'], 3],
        ['near-leak', 'test', 'd', ['c'], 15],
      ],
    );
    assert.match(
      found[0]!.message,
      /^c: expected a picture unlike those of train, got nearly b \(3 of 256 bits apart\)$/,
    );
  });

  it('joins pictures of one hash and different pixels, and counts the same pixels once', async () => {
    const pictures = [
      seen('train', 'a', 1, 7),
      seen('train', 'b', 2, 7),
      seen('train', 'c', 1, 7),
      seen('val', 'd', 3, 7),
      seen('val', 'e', 1, 7),
    ];
    assert.deepEqual((await findNearDuplicates(pictures, 0)).map(brief), [
      ['near-duplicate', 'train', 'a', ['b']],
      ['near-leak', 'val', 'd', ['a']],
    ]);
  });

  it('holds to the distance, and leaves out pictures that show nothing', async () => {
    const pictures = [
      seen('train', 'a', 1, 0),
      seen('train', 'b', 2, 12),
      seen('train', 'c', 3),
      seen('train', 'd', 4),
    ];
    assert.deepEqual(await findNearDuplicates(pictures, 11), []);
    assert.equal((await findNearDuplicates(pictures, 12)).length, 1);
  });
});

/** A picture whose hash has its first `bits` bits set; without them it shows nothing. */
function seen(split: Split, file: string, pixels: number, bits?: number): SeenPicture {
  const hash =
    bits === undefined
      ? undefined
      : Uint32Array.from(
          { length: 8 },
          (_, i) => 2 ** Math.min(Math.max(bits - 32 * i, 0), 32) - 1,
        );
  return { split, file, digest: String(pixels), labelDigest: 'the same', hash };
}

function brief({ kind, split, file, others }: Fault): unknown[] {
  return [kind, split, file, others];
}
