import assert from 'node:assert/strict';
import { classNumbers, numbersByTable, toClassNumbers } from '../../src/data/label-coding.js';

const SIZE = { width: 3, height: 2 };

describe('toClassNumbers', () => {
  it('takes class numbers as they are', () => {
    const values = Uint8Array.of(0, 1, 11, 0, 5, 5);
    const label = { ...SIZE, kind: 'number', values } as const;
    assert.deepEqual(toClassNumbers(label, classNumbers(12), 'a.png'), values);
  });

  it('names the first wrong number as (column, row) and counts the wrong pixels', () => {
    // Two rows of three; the wrong ones are at column 2 of row 0 and column 1 of row 1.
    const label = { ...SIZE, kind: 'number', values: Uint16Array.of(0, 0, 12, 0, 700, 0) } as const;
    assert.throws(() => toClassNumbers(label, classNumbers(12), 'a.png'), {
      code: 'LABEL_INVALID',
      message:
        'a.png: expected class numbers 0..11, got 12 at pixel (2, 0); 2 of 6 pixels are no class',
    });
    const later = { ...label, values: Uint16Array.of(0, 0, 0, 0, 12, 0) };
    assert.throws(() => toClassNumbers(later, classNumbers(12), 'a.png'), {
      message: /got 12 at pixel \(1, 1\); 1 of 6/,
    });
  });

  it('translates numbers by a table, and refuses those that are not in it', () => {
    const coding = numbersByTable(
      [
        [7, 0],
        [255, 2],
      ],
      'ids 7 or 255',
    );
    const label = {
      ...SIZE,
      kind: 'number',
      values: Uint8Array.of(7, 7, 255, 7, 255, 255),
    } as const;
    assert.deepEqual([...toClassNumbers(label, coding, 'a.png')], [0, 0, 2, 0, 2, 2]);
    const other = { ...label, values: Uint16Array.of(7, 263, 7, 7, 7, 7) }; // 263 is 7 beyond a byte
    assert.throws(() => toClassNumbers(other, coding, 'a.png'), {
      message: 'a.png: expected ids 7 or 255, got 263 at pixel (1, 0); 1 of 6 pixels are no class',
    });
  });

  it('names a colour by its channels', () => {
    const coding = {
      kind: 'color',
      classOf: (value: number) => (value === 0x010203 ? 4 : 255),
      expected: 'a colour',
    } as const;
    const values = Uint32Array.of(0x010203, 0x010203, 0x010203, 0x010203, 0x010203, 0xff8001);
    const label = { ...SIZE, kind: 'color', values } as const;
    assert.throws(() => toClassNumbers(label, coding, 'a.png'), {
      message: /expected a colour, got rgb\(255, 128, 1\) at pixel \(2, 1\); 1 of 6/,
    });
    assert.deepEqual(
      [...toClassNumbers({ ...label, values: values.subarray(0, 5) }, coding, '')],
      [4, 4, 4, 4, 4],
    );
  });
});
