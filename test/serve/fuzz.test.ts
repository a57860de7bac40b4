import assert from 'node:assert/strict';
import fc from 'fast-check';
import { sharp } from '../../src/data/sharp.js';
import { encodeClaim } from '../support/pictures.js';
import { type RawAnswer, sendRaw } from '../support/raw-http.js';
import { testPicture, toPng } from '../support/rgb-pictures.js';
import { scrape } from '../support/scrape.js';
import { type ServiceProcess, startServiceProcess } from '../support/service-process.js';

const RUNS = Number(process.env['SEGPROBE_FUZZ_RUNS'] ?? 600);
/** At once, so that requests meet. */
const LANES = 4;
const TIMEOUT_MS = 20_000;
/** Twice what the service holds when it has started: what 20,000 requests left behind, were it 3 kB each, would not fit. */
const MAX_HEAP_MIB = 80;

interface FuzzedRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  /** What Content-Length says too much or too little. */
  readonly lie: number;
}

const TEXT = fc.string({ maxLength: 40 });
const BOUNDARY = 'b0undary';

/** Pictures of every kind, whole ones and some that are none. */
async function seedPictures(): Promise<Buffer[]> {
  const png = await toPng(testPicture(24, 16));
  const image = sharp(png);
  return [
    png,
    await image.jpeg().toBuffer(),
    await image.webp().toBuffer(),
    await image.tiff().toBuffer(),
    await image.avif().toBuffer(),
    await toPng(testPicture(3, 200)),
    Buffer.from(encodeClaim(30_000, 30_000)),
    Buffer.from('GIF89a'),
    Buffer.alloc(0),
  ];
}

/** A body, and what it is. */
interface Body {
  readonly type: string;
  readonly bytes: Buffer;
}

function bodies(seeds: readonly Buffer[]): fc.Arbitrary<Body> {
  const seed = fc.constantFrom(...seeds);
  const damaged = fc
    .tuple(seed, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }), fc.nat())
    .map(([bytes, changes, cut]) => {
      const copy = Buffer.from(bytes);
      for (const [at, value] of changes) if (copy.length > 0) copy[at % copy.length] = value;
      return cut % 3 === 0 ? copy.subarray(0, cut % (copy.length + 1)) : copy;
    });
  const picture = fc.oneof(
    seed,
    damaged,
    fc.uint8Array({ maxLength: 300 }).map((own) => Buffer.from(own)),
  );
  const part = fc.record({
    name: fc.oneof(fc.constantFrom('image', 'label', 'archive', 'victim', ''), TEXT),
    filename: fc.option(fc.oneof(fc.constantFrom('a.png', '../../etc/passwd', ''), TEXT)),
    type: fc.option(fc.constantFrom('image/png', 'text/plain', 'multipart/mixed; boundary=x')),
    bytes: picture,
  });
  const form = fc
    .tuple(fc.array(part, { maxLength: 5 }), fc.constantFrom('', '--', 'x'), fc.boolean())
    .map(([parts, end, isWhole]) => {
      const pieces = parts.flatMap(({ name, filename, type, bytes }) => [
        Buffer.from(
          `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"` +
            (filename === null ? '' : `; filename="${filename}"`) +
            (type === null ? '' : `\r\nContent-Type: ${type}`) +
            '\r\n\r\n',
        ),
        bytes,
        Buffer.from('\r\n'),
      ]);
      const last = isWhole ? `--${BOUNDARY}--\r\n` : `--${BOUNDARY}${end}`;
      return Buffer.concat([...pieces, Buffer.from(last)]);
    });
  const tensor = fc.record(
    {
      name: fc.constantFrom('image', 'image_u8', 'x'),
      shape: fc.oneof(
        fc.constantFrom([1, 3, 8, 8], [1, 8, 8, 3], [], [0], [1, 3, 7, 8], [1e9, 3, 8, 8]),
        fc.array(fc.integer(), { maxLength: 9 }),
      ),
      datatype: fc.constantFrom('FP32', 'UINT8', 'BYTES'),
      data: fc.oneof(fc.constant(new Array(192).fill(0.5)), fc.array(fc.jsonValue())),
      parameters: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  const inference = fc.record(
    { id: fc.jsonValue(), inputs: fc.array(tensor, { maxLength: 2 }), outputs: fc.jsonValue() },
    { requiredKeys: [] },
  );
  const evaluation = fc.record(
    {
      dataset: fc.oneof(fc.constantFrom('sample', 'x'), fc.jsonValue()),
      split: fc.constantFrom('val', 'all'),
      victim: fc.oneof(fc.constantFrom('tiny', 'nobody'), TEXT),
      attacker: fc.constantFrom(null, 'noise', 5),
      limit: fc.integer({ min: -1, max: 1 }),
      more: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  const json = fc
    .oneof(inference, evaluation, fc.jsonValue())
    .map((own) => Buffer.from(JSON.stringify(own)));
  const typed = (arbitrary: fc.Arbitrary<Buffer>, type: string, weight: number) => {
    return { arbitrary: arbitrary.map((bytes): Body => ({ type, bytes })), weight };
  };
  return fc.oneof(
    typed(picture, 'image/png', 4),
    typed(form, `multipart/form-data; boundary=${BOUNDARY}`, 4),
    typed(json, 'application/json', 3),
  );
}

function requests(seeds: readonly Buffer[], paths: readonly string[]): fc.Arbitrary<FuzzedRequest> {
  const segment = fc.oneof(
    fc.constantFrom('tiny', 'slow', 'x', '%', '..%2f', '1'),
    TEXT.map(encodeURIComponent),
  );
  const path = fc.oneof(
    { arbitrary: fc.constantFrom('/segment', '/attack'), weight: 7 },
    { arbitrary: fc.constantFrom('/v2/models/tiny/infer', '/evaluations'), weight: 3 },
    {
      arbitrary: fc
        .tuple(fc.constantFrom(...paths), segment)
        .map(([own, name]) => own.replace(/\{\w+\}/g, name)),
      weight: 2,
    },
    { arbitrary: fc.webPath().map((own) => own || '/'), weight: 1 },
  );
  const known: Readonly<Record<string, readonly string[]>> = {
    model: ['tiny', 'slow', 'nobody', ''],
    victim: ['tiny', 'nobody'],
    format: ['json', 'mask', 'overlay', 'labels', 'attacked', 'multipart/mixed', 'gif'],
    attacker: ['noise', 'blur', 'hue', 'jpeg', 'tiny'],
    method: ['noise', 'jpeg'],
    strength: ['0', '0.5', '1', '1e999', '-0', 'x'],
    limit: ['1', '-1'],
  };
  const wellKnown = fc
    .constantFrom(...Object.keys(known))
    .chain((name) => fc.tuple(fc.constant(name), fc.constantFrom(...known[name]!)));
  const wild = fc.tuple(TEXT.map(encodeURIComponent), TEXT.map(encodeURIComponent));
  const query = fc.array(
    fc.oneof({ arbitrary: wellKnown, weight: 9 }, { arbitrary: wild, weight: 1 }),
    { maxLength: 3 },
  );
  // What a header line can hold; what it cannot is malformed, and meets the parser.
  const value = fc.oneof(
    { arbitrary: fc.string({ maxLength: 30 }), weight: 9 },
    { arbitrary: fc.string({ unit: 'binary', maxLength: 9 }), weight: 1 },
  );
  const header = fc.oneof(
    fc.tuple(
      fc.constant('Content-Type'),
      fc.constantFrom(
        'image/png',
        'image/*',
        `multipart/form-data; boundary=${BOUNDARY}`,
        'multipart/form-data',
        'application/json',
        'application/zip',
        'text/plain',
        '',
      ),
    ),
    fc.tuple(
      fc.constant('Accept'),
      fc.oneof(
        fc.constantFrom('image/png', 'application/json', 'multipart/mixed', '*/*;q=0', 'text/html'),
        value,
      ),
    ),
    fc.tuple(
      fc.constantFrom('Expect', 'Content-Encoding', 'Range', 'If-None-Match', 'Upgrade'),
      fc.oneof(
        fc.constantFrom('100-continue', 'gzip', 'bytes=0-5', 'bytes=9-2,x', '*', 'websocket'),
        value,
      ),
    ),
    fc.tuple(
      fc.constantFrom(
        'Authorization',
        'X-Request-Id',
        'X-Forwarded-For',
        'Idempotency-Key',
        'Last-Event-ID',
      ),
      value,
    ),
    fc.tuple(
      fc.constant('Inference-Header-Content-Length'),
      fc.oneof(fc.nat(600).map(String), value),
    ),
    fc.tuple(
      fc.constant('Transfer-Encoding'),
      fc.constantFrom('chunked', 'gzip, chunked', 'identity'),
    ),
    fc.tuple(
      fc.constant('X-Padding'),
      fc.constantFrom(1000, 20_000).map((length) => 'p'.repeat(length)),
    ),
  );
  const rarely = <T>(arbitrary: fc.Arbitrary<T>, usual: T) =>
    fc.oneof({ arbitrary: fc.constant(usual), weight: 9 }, { arbitrary, weight: 1 });
  return fc
    .record({
      method: rarely(fc.constantFrom('GET', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'BREW'), 'POST'),
      path,
      query,
      isTyped: fc.nat(9).map((n) => n > 0),
      headers: fc.oneof(
        { arbitrary: fc.constant([]), weight: 3 },
        { arbitrary: fc.array(header, { maxLength: 3 }), weight: 2 },
      ),
      body: bodies(seeds),
      lie: rarely(fc.integer({ min: -50, max: 50 }), 0),
    })
    .map(({ method, path: own, query: pairs, isTyped, headers, body, lie }) => ({
      method,
      target: pairs.length === 0 ? own : `${own}?${pairs.map((pair) => pair.join('=')).join('&')}`,
      headers: isTyped ? [['Content-Type', body.type] as const, ...headers] : headers,
      body: body.bytes,
      lie,
    }));
}

function encode({ method, target, headers, body, lie }: FuzzedRequest): Buffer {
  const length = Math.max(0, body.length + lie);
  const lines = [
    `${method} ${target} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: close',
    ...headers.map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${length}`,
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}

/** Whether the server may wait for more than comes. */
function isUnfinished({ headers, lie }: FuzzedRequest): boolean {
  return lie !== 0 || headers.some(([, value]) => !/^[\x20-\x7e]*$/.test(value));
}

/** MiB that the service holds, and those of them in objects of its main thread. */
async function memoryOf(
  service: ServiceProcess,
): Promise<{ readonly resident: number; readonly heap: number }> {
  const heap = (await scrape(service.url)).get('nodejs_heap_size_used_bytes')!;
  return { resident: Math.round(service.rssBytes() / 2 ** 20), heap: Math.round(heap / 2 ** 20) };
}

describe('the service under requests of any shape', function () {
  this.timeout(0);
  let service: ServiceProcess;
  let codes: Set<string>;
  let requestsOfAnyShape: fc.Arbitrary<FuzzedRequest>;
  const seen = new Map<string, number>();

  before(async function () {
    if (!process.env['SEGPROBE_SLOW']) this.skip();
    const limits = ['--max-body-bytes', '20000', '--max-pixels', '100000', '--max-images', '3'];
    service = await startServiceProcess([...limits, '--workers', '1', '--log-level', 'error'], {
      maxHeapMib: MAX_HEAP_MIB,
    });
    const described = (await (await fetch(`${service.url}/openapi.json`)).json()) as {
      info: { description: string };
      paths: Record<string, object>;
    };
    codes = new Set(
      Array.from(described.info.description.matchAll(/^\| `(\w+)` \|/gm), ([, code]) => code!),
    );
    // Streams do not end by themselves.
    const paths = Object.keys(described.paths).filter((path) => !path.endsWith('/events'));
    requestsOfAnyShape = requests(await seedPictures(), paths);
  });
  after(() => service?.stop());

  const send = (own: FuzzedRequest): Promise<RawAnswer | null> =>
    sendRaw(service.port, encode(own), { isLast: isUnfinished(own), timeoutMs: TIMEOUT_MS });

  function check(answer: RawAnswer | null, request: FuzzedRequest): void {
    // Who says that more will come and then leaves gets no answer, or one that says so.
    if (answer === null) {
      assert.ok(isUnfinished(request), 'expected an answer, got none');
      return;
    }
    const { status, headers, body } = answer;
    const problem =
      status < 400 ? undefined : (JSON.parse(body) as { code: string; status: number });
    const key = `${status} ${problem?.code ?? ''}`.trim();
    seen.set(key, (seen.get(key) ?? 0) + 1);
    assert.ok(status < 500 || problem?.code === 'QUEUE_FULL', `${key}: ${body.slice(0, 500)}`);
    if (problem === undefined) return;
    assert.equal(headers.get('content-type'), 'application/problem+json');
    assert.ok(codes.has(problem.code), `${key} is not documented`);
    assert.equal(problem.status, status);
  }

  it(`answers ${RUNS} of them, none with a fault of its own, every refusal with a documented code`, async () => {
    const memory = [await memoryOf(service)];
    let done = 0;
    const seed = Number(process.env['SEGPROBE_FUZZ_SEED'] ?? 20_261_126);
    const property = fc.asyncProperty(
      fc.array(requestsOfAnyShape, { minLength: LANES, maxLength: LANES }),
      async (some) => {
        const answers = await Promise.all(some.map((own) => send(own)));
        answers.forEach((answer, i) => check(answer, some[i]!));
        done += LANES;
        if (done % Math.ceil(RUNS / 8) < LANES) memory.push(await memoryOf(service));
      },
    );
    const outcome = await fc.check(property, {
      numRuns: Math.ceil(RUNS / LANES),
      seed,
      endOnFailure: true,
    });
    if (outcome.failed) {
      const shown = outcome.counterexample?.[0].map((own) =>
        encode(own).toString('latin1').slice(0, 1500),
      );
      assert.fail(
        `${String(outcome.errorInstance)}\nseed ${outcome.seed}, path ${outcome.counterexamplePath}\n${shown?.join('\n====\n')}`,
      );
    }
    const counts = [...seen].sort(([a], [b]) => (a < b ? -1 : 1)).map((own) => own.join(': '));
    const [resident, heap] = [memory.map((own) => own.resident), memory.map((own) => own.heap)];
    process.stdout.write(
      `      ${counts.join(', ')}; resident MiB ${resident.join(', ')}; heap ${heap.join(', ')}\n`,
    );
  });

  it('holds nothing afterwards', async () => {
    const metrics = await scrape(service.url);
    for (const name of ['segprobe_running', 'segprobe_queue_depth']) {
      assert.equal(metrics.get(name), 0, name);
    }
    assert.equal((await fetch(`${service.url}/healthz`)).status, 200);
    // Faults alone are logged.
    assert.deepEqual(service.log, []);
  });
});
