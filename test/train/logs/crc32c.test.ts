import assert from 'node:assert/strict';
import { crc32c } from '../../../src/train/logs/crc32c.js';

describe('crc32c', () => {
  const rising = Uint8Array.from({ length: 32 }, (_, i) => i);
  // RFC 3720, appendix B.4; the last is the polynomial's customary check value.
  for (const { name, bytes, expected } of [
    { name: '32 bytes of 0', bytes: new Uint8Array(32), expected: 0x8a9136aa },
    { name: '32 bytes of 255', bytes: new Uint8Array(32).fill(255), expected: 0x62a8ab43 },
    { name: '0 … 31', bytes: rising, expected: 0x46dd794e },
    { name: '31 … 0', bytes: rising.toReversed(), expected: 0x113fdb5c },
    { name: 'nothing', bytes: new Uint8Array(0), expected: 0 },
    { name: '"123456789"', bytes: Buffer.from('123456789'), expected: 0xe3069283 },
  ]) {
    it(`is 0x${expected.toString(16)} of ${name}`, () => assert.equal(crc32c(bytes), expected));
  }
});
