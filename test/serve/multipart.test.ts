import assert from 'node:assert/strict';
import { parseMultipart } from '../../src/serve/multipart.js';
import { formOf } from '../support/test-server.js';

describe('parseMultipart', () => {
  async function encoded(form: FormData): Promise<{ body: Buffer; type: string }> {
    const response = new Response(form);
    const body = Buffer.from(await response.arrayBuffer());
    return { body, type: response.headers.get('content-type')! };
  }

  it('gives files back byte for byte, in order, beside the names of all parts', async () => {
    // Long enough for several slices, with line breaks and dashes of its own.
    const long = Buffer.alloc(3_000_000, '\r\n--x');
    const { body, type } = await encoded(
      formOf(['image', long, 'a.png'], ['note', 'text'], ['label', Buffer.from([0, 255]), 'b.png']),
    );
    const { files, fields } = await parseMultipart(body, type, 5);
    assert.deepEqual(fields, ['image', 'note', 'label']);
    assert.deepEqual(
      files.map(({ field, filename }) => [field, filename]),
      [
        ['image', 'a.png'],
        ['label', 'b.png'],
      ],
    );
    assert.ok(files[0]!.bytes.equals(long));
    assert.deepEqual(Array.from(files[1]!.bytes), [0, 255]);
  });

  it('refuses a body cut off anywhere', async () => {
    const { body, type } = await encoded(formOf(['image', Buffer.from('0123456789'), 'a.png']));
    for (let length = 0; length < body.length - 4; length += 7) {
      await assert.rejects(
        parseMultipart(body.subarray(0, length), type, 5),
        { code: 'INVALID_REQUEST' },
        `after ${length} of ${body.length} bytes`,
      );
    }
  });

  it('lives through parts without names and headers', async () => {
    const body = Buffer.from(
      '--b\r\n\r\nno headers\r\n--b\r\nContent-Disposition: form-data; filename="x"\r\n\r\n1\r\n' +
        '--b\r\nContent-Disposition: attachment\r\n\r\n2\r\n--b--\r\n',
    );
    const { files } = await parseMultipart(body, 'multipart/form-data; boundary=b', 5);
    assert.deepEqual(
      files.map(({ field }) => field),
      [''],
    );
  });
});
