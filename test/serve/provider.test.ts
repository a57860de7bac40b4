import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { testPicture, toPng } from '../support/rgb-pictures.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { postPicture, startTestServer } from '../support/test-server.js';
import { writeTinyVictim } from '../support/tiny-models.js';

const BIN = fileURLToPath(new URL('../../bin/segprobe.js', import.meta.url));
/** Debian's Chromium brings a driver for Vulkan that computes on the CPU. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';

interface Models {
  readonly models: readonly { readonly provider: string }[];
}

describe('serve --provider', () => {
  it('runs on the CPU where what was asked for does not work, and says so and why', async function () {
    if (existsSync('/dev/nvidiactl')) this.skip();
    const { url, log, stop } = await startTestServer({ provider: 'cuda' });
    const { models } = (await (await fetch(`${url}/models`)).json()) as Models;
    assert.deepEqual(
      models.map(({ provider }) => provider),
      ['cpu', 'cpu'],
    );
    const png = await toPng(testPicture(24, 16));
    assert.equal((await postPicture(`${url}/segment?model=tiny`, png)).status, 200);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    assert.match(metrics, /segprobe_inference_seconds_count\{model="tiny",provider="cpu"\} 1/);
    const warning = log.find(({ msg }) => msg === 'asked for cuda, runs on cpu');
    assert.match(String(warning?.['refusals']), /^cuda: .+/);
    await stop();
  });

  it('runs on WebGPU where there is an adapter, and gives the same labels', async function () {
    this.timeout(120_000);
    if (!process.env['SEGPROBE_SLOW']) this.skip();
    if (!existsSync(SWIFTSHADER)) {
      process.stdout.write(`    (no ${SWIFTSHADER}: apt-get install chromium)\n`);
      this.skip();
    }
    const { folder, remove } = await scratchFolder();
    await writeTinyVictim(folder, 'tiny');
    const flags = ['--models', folder, '--port', '0', '--provider', 'webgpu'];
    const child = spawn(process.execPath, [BIN, 'serve', ...flags], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, VK_ICD_FILENAMES: SWIFTSHADER },
    });
    const cpu = await startTestServer();
    try {
      const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
      const url = line.split(' ').at(-1)!;
      const { models } = (await (await fetch(`${url}/models`)).json()) as Models;
      assert.deepEqual(
        models.map(({ provider }) => provider),
        ['webgpu'],
      );
      const png = await toPng(testPicture(40, 30));
      const [ours, cpus] = await Promise.all(
        [url, cpu.url].map(async (own) => {
          const response = await postPicture(`${own}/segment?model=tiny&format=labels`, png);
          assert.equal(response.status, 200);
          return Buffer.from(await response.arrayBuffer());
        }),
      );
      assert.deepEqual(ours, cpus);
      const metrics = await (await fetch(`${url}/metrics`)).text();
      assert.match(
        metrics,
        /segprobe_model_info\{model="tiny",kind="victim",provider="webgpu"\} 1/,
      );
    } finally {
      child.kill('SIGKILL');
      await cpu.stop();
      await remove();
    }
  });
});
