import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import request from 'supertest';
import { openModels } from '../../src/inference/open-model.js';
import { type RunningServer, startServer } from '../../src/serve/server.js';
import { testPicture, toPng } from '../support/rgb-pictures.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { postPicture } from '../support/test-server.js';
import { tinyAttacker, writeTinyVictim } from '../support/tiny-models.js';

describe('a service beside whose victims an attacker lies', () => {
  let server: RunningServer;
  let remove: () => Promise<void>;
  before(async () => {
    let folder: string;
    ({ folder, remove } = await scratchFolder());
    await writeFile(path.join(folder, 'a-shift.onnx'), tinyAttacker([9, 0, 0])); // The first by name.
    await writeTinyVictim(folder, 'tiny');
    server = await startServer({
      models: await openModels(folder),
      logger: pino({ level: 'silent' }),
      port: 0,
      workers: 1,
    });
    await server.ready;
  });
  after(async () => {
    await server.close();
    await remove();
  });

  it('lists and takes the victim alone', async () => {
    const { body } = await request(server.url).get('/models').expect(200);
    const models = body.models as Record<string, unknown>[];
    assert.deepEqual(
      models.map(({ name, default: preferred }) => [name, preferred]),
      [['tiny', true]],
    );
    const picture = await toPng(testPicture(24, 16));
    const response = await postPicture(`${server.url}/segment?format=json`, picture);
    assert.equal(response.status, 200);
    const answer = (await response.json()) as { model: string };
    assert.equal(answer.model, 'tiny');
  });

  it('refuses the attacker as a victim, and says what it is', async () => {
    const picture = await toPng(testPicture(24, 16));
    const response = await postPicture(`${server.url}/segment?model=a-shift`, picture);
    assert.equal(response.status, 404);
    const problem = (await response.json()) as { code: string; detail: string };
    assert.equal(problem.code, 'MODEL_NOT_FOUND');
    assert.match(problem.detail, /"a-shift", which is an attacker$/);
  });
});
