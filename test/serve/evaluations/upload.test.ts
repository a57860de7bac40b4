import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import type { RunningServer } from '../../../src/serve/server.js';
import type { EvaluationResult } from '../../../src/shared/evaluation.js';
import {
  endOf,
  type EvaluationFolder,
  evaluationFolder,
  type EvaluationJson,
  postEvaluation,
  startEvaluationServer,
  withoutSpeed,
} from '../../support/evaluation-server.js';
import { type TinyFile, tinyClasses, tinyFiles, zipOf } from '../../support/tiny-folder.js';

const SCENES = 6;
type Body = string | Uint8Array | FormData;

const QUERY = '?victim=tiny&attacker=shift';

describe('POST /evaluations of uploaded pictures', () => {
  let files: EvaluationFolder;
  let server: RunningServer;
  let uploads: string;
  let flat: TinyFile[];
  let expected: object;
  before(async () => {
    files = await evaluationFolder(SCENES);
    uploads = path.join(files.folder, 'uploads');
    server = await startEvaluationServer(files, { uploads, maxUploadBytes: 200_000 });
    flat = await tinyFiles(SCENES, (kind) => kind);
    const asked = { dataset: 'scenes', split: 'val', victim: 'tiny', attacker: 'shift' };
    const { id } = (await (await postEvaluation(server.url, asked)).json()) as EvaluationJson;
    expected = withoutSpeed((await endOf(server.url, id)).result);
  });
  afterEach('leaves nothing behind', async () => {
    while ((await readdir(uploads).catch(() => [])).length > 0) await new Promise(setImmediate);
  });
  after(async () => {
    await server.close();
    await files.remove();
  });

  function post(body: Body, query = QUERY, headers = {}): Promise<Response> {
    return fetch(`${server.url}/evaluations${query}`, {
      method: 'POST',
      body,
      headers:
        typeof body === 'object' && body instanceof FormData
          ? headers
          : { 'Content-Type': 'application/zip', ...headers },
    });
  }

  async function resultOf(response: Response): Promise<EvaluationResult> {
    assert.equal(response.status, 202, await response.clone().text());
    const { id } = (await response.json()) as EvaluationJson;
    const { result, failedReason } = await endOf(server.url, id);
    assert.equal(failedReason, null);
    return result!;
  }

  const archives: { name: string; files: () => Promise<TinyFile[]> | TinyFile[] }[] = [
    { name: 'images/ and labels/', files: () => flat },
    { name: 'splits as subfolders', files: () => tinyFiles(SCENES, (kind) => `${kind}/val`) },
    {
      name: 'one folder, with classes.json and what is none of it',
      files: () => [
        ...flat.map(([name, bytes]) => [`mine/${name}`, bytes] as const),
        ['mine/classes.json', tinyClasses()[1]],
        ['mine/readme.md', Buffer.from('hello')],
        ['mine/images/.DS_Store', Buffer.from('x')],
        ['__MACOSX/mine/images/._tiny0000.png', Buffer.from('x')],
      ],
    },
  ];
  for (const archive of archives) {
    it(`evaluates a zip of ${archive.name} as it does the same files in a folder`, async () => {
      const result = await resultOf(await post(await zipOf(await archive.files())));
      assert.deepEqual(withoutSpeed(result), { ...expected, dataset: 'upload' });
    });
  }

  it('evaluates a form of pictures and labels, and one with an archive', async () => {
    const pictures = new FormData();
    for (const [name, bytes] of flat) {
      pictures.append(
        name.startsWith('images') ? 'image' : 'label',
        new Blob([bytes]),
        'any/../name.PNG',
      );
    }
    pictures.append('victim', 'tiny');
    pictures.append('attacker', 'shift');
    assert.deepEqual(withoutSpeed(await resultOf(await post(pictures, ''))), {
      ...expected,
      dataset: 'upload',
    });
    const archive = new FormData();
    archive.append('victim', 'tiny');
    archive.append('limit', '2');
    archive.append('archive', new Blob([await zipOf(flat)]), 'mine.zip');
    const { images, attacker } = await resultOf(await post(archive, ''));
    assert.deepEqual([images, attacker], [2, null]);
  });

  it('has no fault report of pictures that are removed', async () => {
    const submitted = await post(await zipOf(flat));
    const { id } = (await submitted.json()) as EvaluationJson;
    await endOf(server.url, id);
    const response = await fetch(`${server.url}/evaluations/${id}/faults`);
    const { code } = (await response.json()) as { code: string };
    assert.deepEqual([response.status, code], [422, 'UPLOAD_UNSUPPORTED']);
  });

  it('takes the same archive with the same Idempotency-Key once', async () => {
    const zip = await zipOf(flat);
    const ids: string[] = [];
    for (let i = 0; i < 2; i++) {
      const response = await post(zip, QUERY, { 'Idempotency-Key': 'zip' });
      assert.equal(response.status, 202);
      ids.push(((await response.json()) as EvaluationJson).id);
      await endOf(server.url, ids[i]!);
    }
    assert.equal(ids[0], ids[1]);
    const other = await post(await zipOf(flat.slice(2)), QUERY, { 'Idempotency-Key': 'zip' });
    assert.equal(((await other.json()) as { code: string }).code, 'IDEMPOTENCY_KEY_REUSED');
  });

  it('fails an evaluation whose label is wrong, naming the file without its folder', async () => {
    const wrong = flat.map(
      ([name, bytes]) => [name, name === 'labels/tiny0003.png' ? flat[0]![1] : bytes] as const,
    );
    const response = await post(await zipOf(wrong));
    const { id } = (await response.json()) as EvaluationJson;
    const { state, failedCode, failedReason } = await endOf(server.url, id);
    assert.deepEqual([state, failedCode], ['failed', 'LABEL_INVALID']);
    assert.match(failedReason!, /^labels\/val\/tiny0003\.png: /);
  });

  const refusals: {
    name: string;
    body: () => Promise<Body> | Body;
    query?: string;
    status: number;
    code: string;
    detail: RegExp;
  }[] = [
    {
      name: 'what is no zip',
      body: () => 'hello',
      status: 422,
      code: 'ARCHIVE_INVALID',
      detail: /expected a whole zip archive/,
    },
    {
      name: 'a truncated zip',
      body: async () => (await zipOf(flat)).subarray(0, 3000),
      status: 422,
      code: 'ARCHIVE_INVALID',
      detail: /expected a whole zip/,
    },
    {
      name: 'a zip without pictures',
      body: () => zipOf([['a.txt', Buffer.from('a')]]),
      status: 422,
      code: 'ARCHIVE_INVALID',
      detail: /expected images\/ and labels\//,
    },
    {
      name: 'a path that leads outside',
      body: () => rawZip('images/../../../evil.png', 'x'),
      status: 422,
      code: 'ARCHIVE_INVALID',
      detail: /invalid relative path/,
    },
    {
      name: 'an absolute path',
      body: () => rawZip('/etc/evil.png', 'x'),
      status: 422,
      code: 'ARCHIVE_INVALID',
      detail: /absolute path/,
    },
    {
      name: 'a path of another system',
      body: () => rawZip('images/C:evil.png', 'x'),
      status: 422,
      code: 'ARCHIVE_INVALID',
      detail: /plain names/,
    },
    {
      name: 'a symbolic link',
      body: () => rawZip('images/a.png', '/etc/passwd', 0o120777),
      status: 422,
      code: 'ARCHIVE_INVALID',
      detail: /got .*a link/,
    },
    {
      name: 'a file that is there twice',
      body: () => zipOf([...flat, ['x/images/tiny0000.png', flat[0]![1]]]),
      status: 422,
      code: 'ARCHIVE_INVALID',
      detail: /got "tiny0000\.png" twice/,
    },
    {
      name: 'lists of scenes',
      body: () => zipOf([...flat, ['val.txt', Buffer.from('/etc/passwd')]]),
      status: 422,
      code: 'ARCHIVE_INVALID',
      detail: /expected splits as subfolders/,
    },
    {
      name: 'splits and loose pictures',
      body: () => zipOf([...flat, ['images/val/a.png', flat[0]![1]]]),
      status: 422,
      code: 'ARCHIVE_INVALID',
      detail: /beside them/,
    },
    {
      name: 'a picture without label',
      body: () => zipOf(flat.slice(0, -1)),
      status: 422,
      code: 'DATASET_INVALID',
      detail: /^images\/val\/tiny0005\.png: expected a label/,
    },
    {
      name: 'other classes',
      body: () =>
        zipOf([
          ...flat,
          [
            'classes.json',
            Buffer.from('[{"name":"a","color":[0,0,0]},{"name":"b","color":[1,1,1]}]'),
          ],
        ]),
      status: 422,
      code: 'DATASET_INVALID',
      detail: /upload val: expected the classes red/,
    },
    {
      name: 'a bomb',
      body: () => rawZip('images/a.png', Buffer.alloc(2 ** 22)),
      status: 413,
      code: 'BODY_TOO_LARGE',
      detail: /packed to no less than 1\/200/,
    },
    {
      name: 'a body that is too long',
      body: () => new Uint8Array(200_001),
      status: 413,
      code: 'BODY_TOO_LARGE',
      detail: /at most 200000 bytes/,
    },
    {
      name: 'no victim',
      body: () => zipOf(flat),
      query: '',
      status: 400,
      code: 'INVALID_REQUEST',
      detail: /^victim: /,
    },
    {
      name: 'an unknown victim',
      body: () => zipOf(flat),
      query: '?victim=huge',
      status: 404,
      code: 'MODEL_NOT_FOUND',
      detail: /tiny/,
    },
    {
      name: 'a form with a picture and no label',
      body: () => formOf(['image', flat[0]![1]]),
      status: 400,
      code: 'INVALID_REQUEST',
      detail: /as many parts "image" as "label", got 0, 1 and 0/,
    },
    {
      name: 'a form with two archives',
      body: () => formOf(['archive', flat[0]![1]], ['archive', flat[0]![1]]),
      status: 400,
      code: 'INVALID_REQUEST',
      detail: /one part "archive".* got 2, 0 and 0/,
    },
    {
      name: 'a form with a file of another name',
      body: () => formOf(['file', flat[0]![1]]),
      status: 400,
      code: 'INVALID_REQUEST',
      detail: /none of archive, image and label/,
    },
    {
      name: 'a form without files',
      body: () => formOf(),
      status: 400,
      code: 'INVALID_REQUEST',
      detail: /got 0, 0 and 0/,
    },
  ];
  for (const { name, body, query, status, code, detail } of refusals) {
    it(`refuses ${name} with ${status} ${code}`, async () => {
      const response = await post(await body(), query);
      const problem = (await response.json()) as { code: string; detail: string };
      assert.deepEqual([response.status, problem.code], [status, code], problem.detail);
      assert.match(problem.detail, detail);
      assert.ok(!problem.detail.includes(files.folder), problem.detail);
    });
  }

  it('refuses a chunked body that turns out too long, and a malformed form', async () => {
    const long = await fetch(`${server.url}/evaluations${QUERY}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/zip' },
      body: new Blob([new Uint8Array(300_000)]).stream(),
      duplex: 'half',
    });
    assert.deepEqual(
      [long.status, ((await long.json()) as { code: string }).code],
      [413, 'BODY_TOO_LARGE'],
    );
    const form = await fetch(`${server.url}/evaluations${QUERY}`, {
      method: 'POST',
      headers: { 'Content-Type': 'multipart/form-data; boundary=x' },
      body: '--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\ncut',
    });
    assert.deepEqual(
      [form.status, ((await form.json()) as { code: string }).code],
      [400, 'INVALID_REQUEST'],
    );
  });

  it('forgets what a client began to send that went', async () => {
    const request = http.request(`${server.url}/evaluations${QUERY}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/zip', 'Content-Length': 100_000 },
    });
    request.on('error', () => undefined);
    request.write(new Uint8Array(50_000));
    while ((await readdir(uploads)).length === 0) await new Promise(setImmediate);
    request.destroy();
    while ((await readdir(uploads)).length > 0) await new Promise(setImmediate);
  });
});

function formOf(...parts: [string, Uint8Array][]): FormData {
  const form = new FormData();
  form.append('victim', 'tiny');
  for (const [field, bytes] of parts) form.append(field, new Blob([bytes]), 'a.png');
  return form;
}

/** A zip of one deflated file whose name no archiver would write. */
function rawZip(name: string, contents: string | Buffer, mode = 0o100644): Buffer {
  const bytes = Buffer.from(contents);
  const packed = deflateRawSync(bytes);
  const file = Buffer.from(name);
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt16LE(8, 4);
  common.writeUInt32LE(crc32(bytes), 10);
  common.writeUInt32LE(packed.length, 14);
  common.writeUInt32LE(bytes.length, 18);
  common.writeUInt16LE(file.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, file, packed]);
  const rest = Buffer.alloc(14);
  rest.writeUInt32LE((mode << 16) >>> 0, 6);
  const central = Buffer.concat([Buffer.from('PK\x01\x02\x14\x03', 'latin1'), common, rest, file]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}
