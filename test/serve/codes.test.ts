import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rename } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import express from 'express';
import { pino } from 'pino';
import { createApp } from '../../src/serve/app.js';
import { errorHandler } from '../../src/serve/error-handler.js';
import type { ProblemCode } from '../../src/serve/problem.js';
import { statusOf } from '../../src/serve/openapi/describe-api.js';
import type { ReloadablePool } from '../../src/inference/reloadable-pool.js';
import type { RunningServer, ServerOptions } from '../../src/serve/server.js';
import {
  endOf,
  type EvaluationFolder,
  evaluationFolder,
  type EvaluationJson,
  postEvaluation,
  startEvaluationServer,
} from '../support/evaluation-server.js';
import { encodeClaim, encodeLabel } from '../support/pictures.js';
import { sendRaw } from '../support/raw-http.js';
import { testPicture, toPng } from '../support/rgb-pictures.js';
import { mountSmallDisk } from '../support/small-disk.js';
import { formOf, postPicture } from '../support/test-server.js';

const SCENES = 12;
const ASKED = { dataset: 'scenes', split: 'val', victim: 'tiny' };
/** Nobody listens there. */
const NO_REDIS = 'redis://127.0.0.1:1';

/** Answers what is documented as one of the codes; null where this machine cannot. */
type Case = () => Promise<Pick<Response, 'status' | 'text'> | null>;

describe('the documented codes', function () {
  this.timeout(60_000);
  let files: EvaluationFolder;
  let server: RunningServer;
  let url: string;
  let png: Buffer;
  const ends: (() => unknown)[] = [];

  before(async () => {
    files = await evaluationFolder(SCENES);
    png = await toPng(testPicture(24, 16));
    server = await startEvaluationServer(files, {
      ...{ maxBodyBytes: 100_000, maxPixels: 10_000, requestSeconds: 2, maxUploadBytes: 10_000 },
    });
    ({ url } = server);
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  after(async () => {
    await server.close();
    await files.remove();
  });

  /** A service of its own for one case. */
  async function serve(options: Partial<ServerOptions>): Promise<string> {
    const own = await startEvaluationServer(files, options);
    ends.push(() => own.close());
    return own.url;
  }

  /** Listens with a part of the service. */
  async function listen(app: express.Express): Promise<string> {
    const own = app.listen(0, '127.0.0.1');
    await once(own, 'listening');
    ends.push(() => own.close());
    return `http://127.0.0.1:${(own.address() as AddressInfo).port}`;
  }

  async function submit(body: object, to = url): Promise<string> {
    const response = await postEvaluation(to, body);
    assert.equal(response.status, 202);
    return ((await response.json()) as EvaluationJson).id;
  }

  const segment = (bytes: Uint8Array, query = ''): Promise<Response> =>
    postPicture(`${url}/segment${query}`, bytes);
  const attack = (label: Uint8Array): Promise<Response> => {
    const body = formOf(['image', png], ['label', label]);
    return fetch(`${url}/attack?method=noise&model=tiny`, { method: 'POST', body });
  };
  const upload = (to: string, body: Uint8Array): Promise<Response> =>
    postPicture(`${to}/evaluations?victim=tiny`, body, { type: 'application/zip' });

  const cases: Readonly<Partial<Record<ProblemCode, Case>>> = {
    // Pictures
    IMAGE_EMPTY: () => segment(new Uint8Array()),
    IMAGE_UNREADABLE: () => segment(png.subarray(0, -40)),
    IMAGE_UNSUPPORTED: () => segment(Buffer.from('GIF89a')),
    IMAGE_TOO_LARGE: () => segment(encodeClaim(30_000, 30_000)),
    IMAGE_TOO_SMALL: async () => segment(await toPng(testPicture(4, 4))),
    LABEL_INVALID: () => attack(png),
    SHAPE_MISMATCH: () =>
      attack(
        encodeLabel([
          [0, 1],
          [1, 0],
        ]),
      ),
    MODEL_NOT_FOUND: () => segment(png, '?model=nobody'),
    NOT_ACCEPTABLE: () => postPicture(`${url}/segment`, png, { headers: { Accept: 'text/html' } }),
    // Requests
    INVALID_REQUEST: () => postPicture(`${url}/attack?strength=2`, png),
    BODY_TOO_LARGE: () => segment(new Uint8Array(100_001)),
    UNSUPPORTED_MEDIA_TYPE: () => postPicture(`${url}/segment`, png, { type: 'text/plain' }),
    NOT_FOUND: () => fetch(`${url}/nowhere`),
    METHOD_NOT_ALLOWED: () => fetch(`${url}/segment`),
    HEADERS_TOO_LARGE: () => fetch(url, { headers: { 'X-Padding': 'p'.repeat(20_000) } }),
    REQUEST_TIMEOUT: async () => {
      const half = Buffer.from('POST /segment HTTP/1.1\r\nHost: x\r\nContent-Le');
      const answer = await sendRaw(server.port, half, { isLast: false, timeoutMs: 20_000 });
      return answer && { status: answer.status, text: () => Promise.resolve(answer.body) };
    },
    UNAUTHORIZED: async () => {
      const own = await serve({ apiKeys: { somebody: `sha256:${'0'.repeat(64)}` } });
      return fetch(`${own}/models`);
    },
    RATE_LIMITED: async () => {
      const own = await serve({ rateLimit: 1 });
      await fetch(`${own}/models`);
      return fetch(`${own}/models`);
    },
    QUEUE_FULL: async () => {
      const own = await serve({ maxQueue: 0 });
      const slow = await toPng(testPicture(256, 192));
      const answers = await Promise.all(
        [0, 1, 2, 3].map(() => postPicture(`${own}/segment?model=slow`, slow)),
      );
      return answers.find(({ status }) => status !== 200)!;
    },
    SHUTTING_DOWN: async () => {
      const pool = { models: new Map(), workers: 1 } as unknown as ReloadablePool;
      const logger = pino({ level: 'silent' });
      return fetch(await listen(createApp({ pool, logger, readiness: () => 'draining' })));
    },
    INTERNAL: async () => {
      const broken = express().get('/', () => {
        throw new Error('a fault of segprobe itself');
      });
      return fetch(await listen(broken.use(errorHandler)));
    },
    // Evaluations
    DATASET_NOT_FOUND: () => postEvaluation(url, { ...ASKED, dataset: 'nobody' }),
    DATASET_INVALID: () => postEvaluation(url, { ...ASKED, split: 'train' }),
    FILE_NOT_FOUND: async () => {
      const away = `${files.scenes}-away`;
      await rename(files.scenes, away);
      ends.push(() => rename(away, files.scenes));
      return postEvaluation(url, ASKED);
    },
    EVALUATION_NOT_FOUND: () => fetch(`${url}/evaluations/nobody`),
    EVALUATION_UNFINISHED: async () => {
      const id = await submit({ ...ASKED, victim: 'slow' });
      ends.push(() => fetch(`${url}/evaluations/${id}`, { method: 'DELETE' }));
      return fetch(`${url}/evaluations/${id}/report`);
    },
    EVALUATION_FINISHED: async () => {
      const id = await submit({ ...ASKED, limit: 1 });
      await endOf(url, id);
      return fetch(`${url}/evaluations/${id}`, { method: 'DELETE' });
    },
    IDEMPOTENCY_KEY_REUSED: async () => {
      const headers = { 'Idempotency-Key': 'mine' };
      await postEvaluation(url, { ...ASKED, limit: 1 }, headers);
      return postEvaluation(url, { ...ASKED, limit: 2 }, headers);
    },
    ARCHIVE_INVALID: () => upload(url, Buffer.from('no zip at all')),
    UPLOAD_UNSUPPORTED: async () => upload(await serve({ redis: NO_REDIS }), png),
    BACKEND_UNAVAILABLE: async () => fetch(`${await serve({ redis: NO_REDIS })}/evaluations`),
    DISK_FULL: async () => {
      const disk = mountSmallDisk(64);
      if (disk === undefined) return null;
      ends.push(() => disk.remove());
      const uploads = path.join(disk.folder, 'uploads');
      return upload(await serve({ uploads }), new Uint8Array(500_000).fill(7));
    },
  };

  it('each have a case here, and no other has', async () => {
    const described = (await (await fetch(`${url}/openapi.json`)).json()) as {
      info: { description: string };
    };
    const documented = Array.from(
      described.info.description.matchAll(/^\| `(\w+)` \| \d+ \|$/gm),
      ([, code]) => code,
    );
    assert.deepEqual(Object.keys(cases).sort(), documented);
  });

  for (const [code, answer] of Object.entries(cases) as [ProblemCode, Case][]) {
    const status = statusOf(code);
    it(`answers ${status} ${code}`, async function () {
      const response = await answer();
      if (response === null) {
        process.stdout.write('      (no file system may be mounted here)\n');
        this.skip();
      }
      const problem = JSON.parse(await response.text()) as { code: string; status: number };
      assert.deepEqual(
        [response.status, problem.status, problem.code],
        [status, status, code],
        JSON.stringify(problem),
      );
    });
  }
});
