import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type ConfigSources, readConfig } from '../../../src/serve/config/read-config.js';
import { DEFAULT_CONFIG } from '../../../src/serve/config/schema.js';
import { showConfig } from '../../../src/serve/config/show-config.js';
import { scratchFolder } from '../../support/scratch-folder.js';

const DIGEST = `sha256:${'ab'.repeat(32)}`;

describe('readConfig', () => {
  let folder: string;
  let remove: () => Promise<void>;
  before(async () => ({ folder, remove } = await scratchFolder()));
  after(() => remove());

  async function fileOf(content: unknown): Promise<string> {
    const file = path.join(folder, 'service.json');
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
    return file;
  }

  it('gives the defaults where nothing says otherwise', async () => {
    const { config, origins } = await readConfig({});
    assert.deepEqual(config, DEFAULT_CONFIG);
    assert.equal(origins.size, 0);
    assert.deepEqual([config.host, config.port, config.insecure], ['127.0.0.1', 8080, false]);
  });

  it('takes flags before environment before file before defaults, and says which', async () => {
    const file = await fileOf({ port: 1, maxQueue: 1, maxImages: 1 });
    const env = { SEGPROBE_PORT: '2', SEGPROBE_MAX_QUEUE: '2', SEGPROBE_HOST: '' };
    const { config, origins } = await readConfig({ flags: { port: '3' }, env, file });
    const { host, port, maxQueue, maxImages } = config;
    assert.deepEqual([host, port, maxQueue, maxImages], ['127.0.0.1', 3, 2, 1]);
    assert.deepEqual(
      ['port', 'maxQueue', 'maxImages', 'host'].map((key) => origins.get(key as 'port')),
      ['--port', 'SEGPROBE_MAX_QUEUE', `${file}: maxImages`, undefined],
    );
  });

  it('reads the file that SEGPROBE_CONFIG names', async () => {
    const env = { SEGPROBE_CONFIG: await fileOf({ watch: false, rateLimit: null }) };
    assert.equal((await readConfig({ env })).config.watch, false);
  });

  it('reads switches and numbers out of text', async () => {
    const env = { SEGPROBE_WATCH: 'false', SEGPROBE_WORKERS: '3', SEGPROBE_RATE_LIMIT: '0' };
    const { config } = await readConfig({ env, flags: { insecure: true } });
    const { watch, workers, rateLimit, insecure } = config;
    assert.deepEqual(
      { watch, workers, rateLimit, insecure },
      {
        ...{ watch: false, workers: 3, rateLimit: 0, insecure: true },
      },
    );
  });

  it('adds up data sets, those of the file from where it lies', async () => {
    const datasets = { ours: 'folder:data', own: { layout: 'camvid', dir: '/abs' } };
    const { config } = await readConfig({
      file: await fileOf({ datasets, models: 'm', store: 's.db' }),
      env: { SEGPROBE_DATASETS: 'ours=camvid:/env,more=cityscapes:/c' },
      flags: { datasets: ['cv=camvid:C:/with=signs'] },
    });
    assert.deepEqual(config.datasets, {
      ours: { layout: 'camvid', dir: '/env' },
      own: { layout: 'camvid', dir: '/abs' },
      more: { layout: 'cityscapes', dir: '/c' },
      cv: { layout: 'camvid', dir: 'C:/with=signs' },
    });
    assert.deepEqual([config.models, config.store], [`${folder}/m`, `${folder}/s.db`]);
    const alone = await readConfig({ file: await fileOf({ datasets }) });
    assert.deepEqual(alone.config.datasets['ours'], { layout: 'folder', dir: `${folder}/data` });
  });

  it('keeps of a key its digest alone', async () => {
    const env = { SEGPROBE_API_KEY: 'open-sesame' };
    const { config, origins } = await readConfig({
      env,
      file: await fileOf({ apiKeys: { robot: DIGEST } }),
    });
    // printf %s open-sesame | sha256sum
    const digest = 'sha256:d7ecdf25eaf3deba0f2628771dbdd22d4138ab6cf38f91ed02a2ca0dec7c8ab7';
    assert.deepEqual(config.apiKeys, { robot: DIGEST, env: digest });
    assert.match(origins.get('apiKeys')!, /service\.json: apiKeys, SEGPROBE_API_KEY$/);
    const hashed = await readConfig({ env: { SEGPROBE_API_KEY: DIGEST } });
    assert.deepEqual(hashed.config.apiKeys, { env: DIGEST });
  });

  const wrong: {
    name: string;
    sources: () => ConfigSources | Promise<ConfigSources>;
    message: RegExp;
  }[] = [
    {
      name: 'a flag that is no number',
      sources: () => ({ flags: { port: 'http' } }),
      message: /^--port: expected a whole number from 0 to 65535, got "http"$/,
    },
    {
      name: 'a variable out of range',
      sources: () => ({ env: { SEGPROBE_MAX_IMAGES: '0' } }),
      message: /^SEGPROBE_MAX_IMAGES: expected a whole number from 1 to 1000, got "0"$/,
    },
    {
      name: 'a switch that is neither',
      sources: () => ({ env: { SEGPROBE_WATCH: 'yes' } }),
      message: /^SEGPROBE_WATCH: expected true or false, got "yes"$/,
    },
    {
      name: 'a value of another type in the file',
      sources: async () => ({ file: await fileOf({ port: '80' }) }),
      message: /service\.json: port: expected a whole number from 0 to 65535, got "80"$/,
    },
    {
      name: 'a setting that does not exist',
      sources: async () => ({ file: await fileOf({ prot: 80 }) }),
      message: /service\.json: expected settings \(host, port, .*\), got "prot"$/,
    },
    {
      name: 'a file that is no JSON',
      sources: async () => ({ file: await fileOf('{') }),
      message: /service\.json: expected JSON, got /,
    },
    {
      name: 'a file that holds a list',
      sources: async () => ({ file: await fileOf([]) }),
      message: /service\.json: .*expected record/,
    },
    {
      name: 'a layout that does not exist',
      sources: () => ({ flags: { datasets: ['a=voc:/x'] } }),
      message:
        /^--dataset: a: layout: expected a layout \(camvid, cityscapes, folder\), got "voc"$/,
    },
    {
      name: 'a data set without a folder',
      sources: () => ({ flags: { datasets: ['a=camvid'] } }),
      message: /^--dataset: a: dir: expected NAME=LAYOUT:DIR with a folder, got none$/,
    },
    {
      name: 'the name of the drawn data set',
      sources: () => ({ flags: { datasets: ['sample=camvid:/x'] } }),
      message: /and not sample, got "sample"$/,
    },
    {
      name: 'an address that is not Redis’',
      sources: () => ({ flags: { redis: 'http://x' } }),
      message: /^--redis: expected redis:/,
    },
  ];
  for (const { name, sources, message } of wrong) {
    it(`refuses ${name}`, async () => {
      await assert.rejects(readConfig(await sources()), { code: 'USAGE', message });
    });
  }

  it('never repeats a key that is no digest', async () => {
    const file = await fileOf({ apiKeys: { robot: 'open-sesame' } });
    await assert.rejects(readConfig({ file }), (error: Error) => {
      assert.match(error.message, /apiKeys: robot: expected "sha256:" and 64 hex digits/);
      return !error.message.includes('open-sesame');
    });
  });
});

describe('showConfig', () => {
  it('hides keys and passwords', async () => {
    const { config } = await readConfig({
      env: { SEGPROBE_API_KEY: 'k', SEGPROBE_REDIS: 'redis://user:secret@host:6379/1' },
    });
    const shown = JSON.stringify(showConfig(config));
    assert.doesNotMatch(shown, /secret|[0-9a-f]{64}/);
    assert.match(shown, /"env":"sha256:…".*redis:\/\/user:…@host:6379\/1/);
  });
});
