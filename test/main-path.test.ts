import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { decodeLabel } from '../src/data/decode-label.js';
import { classNumbers } from '../src/data/label-coding.js';
import { isNativeTensorFlowReady } from '../src/graph/native/link.js';

const SEGPROBE = fileURLToPath(new URL('../bin/segprobe.js', import.meta.url));
const CAMVID =
  process.env['SEGPROBE_CAMVID'] ??
  fileURLToPath(new URL('../../shared/camvid/CamVid', import.meta.url));

/** Each data set with the flags that name it, and a picture of it to send. */
const DATASETS = [
  { name: 'sample', flags: ['--dataset', 'sample'] },
  { name: 'camvid', flags: ['--dataset', 'camvid', '--dataset-dir', CAMVID] },
] as const;

describe('segprobe, from training to a segmented picture @slow', function () {
  this.timeout(300_000);

  for (const { name, flags } of DATASETS) {
    describe(`on ${name}`, () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'segprobe-main-path-'));
      const places = ['--name', 'smoke', '--save-dir', path.join(folder, 'save')];
      const models = path.join(folder, 'onnx');
      let server: ChildProcess | undefined;

      before(function () {
        if (!process.env['SEGPROBE_SLOW']) this.skip();
        if (!isNativeTensorFlowReady())
          skip(this, 'native TensorFlow is not set up (npm run setup)');
        if (name === 'camvid' && !existsSync(CAMVID)) skip(this, `no CamVid in ${CAMVID}`);
      });
      after(() => {
        server?.kill('SIGKILL');
        rmSync(folder, { recursive: true, force: true });
      });

      it('trains, and the loss falls', async () => {
        const size = ['--height', '96', '--width', '128', '--limit', '8', '--batch-size', '4'];
        const { stdout } = await segprobe(
          'train',
          ...flags,
          ...places,
          ...size,
          '--epochs',
          '2',
          '--json',
        );
        assert.equal((JSON.parse(stdout) as { epoch: number }).epoch, 2);
        const lines = (await readFile(path.join(folder, 'save/smoke/metrics.jsonl'), 'utf8'))
          .trim()
          .split('\n');
        const [first, second] = lines.map(
          (line) => (JSON.parse(line) as { trainLoss: number }).trainLoss,
        );
        assert.ok(second! < first!, `expected a loss below ${first}, got ${second}`);
      });

      it('tests the checkpoint on val', async () => {
        const { stdout } = await segprobe('test', ...places, '--limit', '4', '--json');
        const result = JSON.parse(stdout) as { images: number; miou: number; classes: unknown[] };
        assert.equal(result.images, 4);
        assert.equal(result.classes.length, 12);
        assert.ok(result.miou > 0 && result.miou < 1);
      });

      it('exports it', async () => {
        const { stdout } = await segprobe('export', ...places, '--out', models, '--json');
        const { verification } = JSON.parse(stdout) as {
          verification: { logitDifference: number };
        };
        assert.ok(verification.logitDifference <= 1e-4);
        assert.ok(existsSync(path.join(models, 'smoke.onnx')));
      });

      it('serves it: a picture in, a mask of the same size out, and counts that agree with it', async () => {
        const { child, url } = await serve(models);
        server = child;
        const picture = await pictureOf(name, folder);
        const body = (): FormData => {
          const form = new FormData();
          form.append('image', new Blob([picture], { type: 'image/png' }), 'picture.png');
          return form;
        };
        const mask = await fetch(`${url}/segment`, {
          method: 'POST',
          body: body(),
          headers: { Accept: 'image/png' },
        });
        assert.equal(mask.status, 200);
        assert.equal(mask.headers.get('content-type'), 'image/png');
        const bytes = new Uint8Array(await mask.arrayBuffer());
        const labels = await decodeLabel(bytes, { coding: classNumbers(12), what: 'the mask' });
        assert.deepEqual([labels.width, labels.height], [480, 360]);

        const json = await fetch(`${url}/segment?format=json`, { method: 'POST', body: body() });
        const { classes } = (await json.json()) as { classes: { name: string; pixels: number }[] };
        const counted = new Array<number>(12).fill(0);
        for (const label of labels.data) counted[label]!++;
        assert.deepEqual(
          classes.map(({ pixels }) => pixels),
          counted,
        );
        child.kill('SIGTERM');
        assert.equal(await exitCode(child), 0);
      });
    });
  }
});

function skip(context: Mocha.Context, why: string): never {
  process.stdout.write(`    skipped: ${why}\n`);
  return context.skip();
}

/** Runs a command to its end. @throws where its exit code is not 0. */
async function segprobe(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [SEGPROBE, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await exitCode(child);
  assert.equal(code, 0, `segprobe ${args.join(' ')}: exit code ${code}\n${stderr}`);
  return { stdout, stderr };
}

function exitCode(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('close', resolve));
}

/** Starts the service on a free port and waits until it says where it listens. */
async function serve(models: string): Promise<{ child: ChildProcess; url: string }> {
  const args = [
    SEGPROBE,
    'serve',
    '--port',
    '0',
    '--models',
    models,
    '--store',
    `${models}/evaluations.db`,
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /http:\/\/\S+/.exec(line)?.[0];
    if (url !== undefined) return { child, url };
  }
  throw new Error('the service ended before it listened');
}

/** The bytes of a PNG of 480×360 of the data set. */
async function pictureOf(name: string, folder: string): Promise<Uint8Array<ArrayBuffer>> {
  if (name === 'camvid') {
    const list = await readFile(path.join(CAMVID, 'val.txt'), 'utf8');
    return readFile(path.join(CAMVID, 'val', path.basename(list.split(/\s+/)[0]!)));
  }
  const scenes = path.join(folder, 'scenes');
  await segprobe('sample-data', scenes, '--train', '1', '--val', '0', '--test', '0');
  const list = await readFile(path.join(scenes, 'train.txt'), 'utf8');
  return readFile(path.join(scenes, 'train', path.basename(list.split(/\s+/)[0]!)));
}
