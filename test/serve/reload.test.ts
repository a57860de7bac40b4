import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { openModels } from '../../src/inference/open-model.js';
import { type RunningServer, startServer } from '../../src/serve/server.js';
import { testPicture, toPng } from '../support/rgb-pictures.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { postPicture } from '../support/test-server.js';
import { writeTinyVictim } from '../support/tiny-models.js';

const SIZES = [
  { height: 16, width: 24 },
  { height: 24, width: 16 },
] as const;

describe('RunningServer.reload', () => {
  let folder: string;
  let remove: () => Promise<void>;
  let server: RunningServer;
  let png: Buffer;
  const log: Record<string, unknown>[] = [];
  let heard: (() => void) | undefined;
  const logger = pino(
    { level: 'info' },
    {
      write: (line) => {
        log.push(JSON.parse(line) as Record<string, unknown>);
        heard?.();
      },
    },
  );

  async function start(watch: boolean): Promise<void> {
    ({ folder, remove } = await scratchFolder());
    await writeTinyVictim(folder, 'tiny');
    const models = await openModels(folder);
    const where = { modelsFolder: folder, port: 0, workers: 1, watch };
    server = await startServer({ models, logger, ...where });
    await server.ready;
    png = await toPng(testPicture(24, 16));
  }
  afterEach(async () => {
    log.length = 0;
    await server.close();
    await remove();
  });

  /** Waits until the service logs a line. */
  async function logged(message: RegExp): Promise<void> {
    while (!log.some(({ msg }) => typeof msg === 'string' && message.test(msg))) {
      await new Promise<void>((resolve) => (heard = resolve));
    }
  }
  const namesOf = async (): Promise<string[]> => {
    const { models } = (await (await fetch(`${server.url}/models`)).json()) as {
      models: { name: string }[];
    };
    return models.map(({ name }) => name);
  };
  const metric = async (name: string): Promise<string | undefined> => {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    return text
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.slice(name.length + 1);
  };

  it('takes models up without dropping or mixing up a request', async () => {
    await start(false);
    let isDone = false;
    const seen = new Map<number, number>();
    const client = async (): Promise<void> => {
      for (let i = 0; !isDone; i++) {
        // Another strength each time, so that nothing comes from the cache.
        const query = `method=noise&strength=${(i % 1000) / 1000}&format=json`;
        const response = await postPicture(`${server.url}/attack?${query}`, png);
        seen.set(response.status, (seen.get(response.status) ?? 0) + 1);
        await response.arrayBuffer();
      }
    };
    const clients = [client(), client(), client()];
    for (let i = 0; i < 4; i++) {
      await writeTinyVictim(folder, 'tiny', { facts: { inputSize: SIZES[i % 2]! } });
      if (i % 2 === 0) await writeTinyVictim(folder, 'another');
      else
        await Promise.all(['onnx', 'json'].map((end) => rm(path.join(folder, `another.${end}`))));
      assert.equal(await server.reload(), true);
      assert.deepEqual(await namesOf(), i % 2 === 0 ? ['another', 'tiny'] : ['tiny']);
    }
    isDone = true;
    await Promise.all(clients);
    assert.deepEqual([...seen.keys()], [200], JSON.stringify([...seen]));
    assert.ok(seen.get(200)! > 8);
    assert.equal(await metric('segprobe_model_reloads{result="done"}'), '4');
  });

  it('serves on by the old models when a new one is broken, and says so', async () => {
    await start(false);
    await writeFile(path.join(folder, 'broken.onnx'), 'no model');
    assert.equal(await server.reload(), false);
    assert.equal((await postPicture(`${server.url}/segment`, png)).status, 200);
    assert.deepEqual(await namesOf(), ['tiny']);
    const own = log.find(
      ({ msg }) => msg === 'models could not be taken up; those before serve on',
    );
    assert.match(JSON.stringify(own!['err']), /broken\.onnx/);
    assert.equal(await metric('segprobe_model_reloads{result="failed"}'), '1');
    assert.equal(await metric('segprobe_model_reload_failing'), '1');
    await rm(path.join(folder, 'broken.onnx'));
    assert.equal(await server.reload(), true);
    assert.equal(await metric('segprobe_model_reload_failing'), '0');
  });

  it('takes changed files up by itself', async () => {
    await start(true);
    await writeTinyVictim(folder, 'another');
    await logged(/^took up the models$/);
    assert.deepEqual(await namesOf(), ['another', 'tiny']);
  });

  it('asks a model that is new anew, whatever the cache knows of the old one', async () => {
    await start(false);
    const tags = new Set<string | null>();
    for (const size of SIZES) {
      await writeTinyVictim(folder, 'tiny', { facts: { inputSize: size } });
      await server.reload();
      const { headers } = await postPicture(`${server.url}/segment`, png);
      assert.equal(headers.get('x-segprobe-cache'), 'miss');
      tags.add(headers.get('etag'));
    }
    assert.equal(tags.size, 2);
  });
});
