import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Page } from 'playwright-core';
import { drawScene } from '../../../src/data/street/draw-scene.js';
import { compareOutputs } from '../../../src/export/verify/compare-outputs.js';
import { LEAST_AGREEMENT } from '../../../src/export/verify/verify-everywhere.js';
import {
  DEFAULT_MODELS_FOLDER,
  openModels,
  type OpenedModel,
} from '../../../src/inference/open-model.js';
import type { Size } from '../../../src/data/dataset.js';
import { toImageTensor } from '../../../src/shared/image-tensor.js';
import { startChromium } from '../../support/chromium.js';
import { startRuntimePage } from '../../support/runtime-page.js';

/** What WebGPU computes on where there is no GPU. */
const SOFTWARE_WEBGPU = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];
/** What an adapter that is the CPU can compute in a test's time. */
const SMALL: Size = { height: 64, width: 96 };

/** How a model ran in the browser. */
interface BrowserRun {
  readonly isIsolated: boolean;
  /** The output's bytes. */
  readonly bytes: number[];
}

/** Runs in the page: a model on a picture, `rgb` for a form that takes bytes, else `image`. */
async function runInPage(
  page: Page,
  {
    file,
    bundle,
    provider,
    threads,
    height,
    width,
  }: Size & Readonly<Record<'file' | 'bundle' | 'provider', string>> & { readonly threads: number },
): Promise<BrowserRun> {
  return page.evaluate(`(async () => {
    const { env, InferenceSession, Tensor } = await import('/runtime/${bundle}');
    env.wasm.numThreads = ${threads};
    const session = await InferenceSession.create('/files/${file}', { executionProviders: ['${provider}'], enableProfiling: true });
    const fetched = async (name) => (await fetch('/files/' + name)).arrayBuffer();
    const feeds = session.inputNames[0] === 'image_u8'
      ? { image_u8: new Tensor('uint8', new Uint8Array(await fetched('rgb')), [1, ${height}, ${width}, 3]) }
      : { image: new Tensor('float32', new Float32Array(await fetched('image')), [1, 3, ${height}, ${width}]) };
    const outputs = await session.run(feeds);
    const values = await outputs[session.outputNames[0]].getData();
    session.endProfiling();
    return { isIsolated: crossOriginIsolated, bytes: Array.from(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)) };
  })()`);
}

/** What browsers compute, beside ONNX Runtime's CPU. */
describe('shipped models in Chromium', function () {
  this.timeout(300_000);
  let models: OpenedModel[];
  before(async function () {
    if (!process.env['SEGPROBE_SLOW']) this.skip();
    models = await openModels(DEFAULT_MODELS_FOLDER);
  });

  async function assertSame(
    context: Mocha.Context,
    size: Size,
    where: Readonly<Record<'bundle' | 'provider', string>> & { readonly threads: number },
    fileOf: (model: OpenedModel) => string,
    flags: readonly string[] = [],
  ): Promise<void> {
    const rgb = drawScene(7, size).image;
    const image = toImageTensor(rgb);
    const files: Record<string, Uint8Array> = { rgb, image: new Uint8Array(image.buffer) };
    for (const model of models) files[model.name] = await readFile(fileOf(model));
    const browser = await startChromium(context, ...flags);
    let server: Server | undefined;
    try {
      const started = await startRuntimePage(files);
      server = started.server;
      const page = await browser.newPage();
      const providers = new Set<string>();
      page.on('console', (message) => {
        for (const [, provider] of message.text().matchAll(/"provider" : "(\w+)"/g)) {
          providers.add(provider!);
        }
      });
      await page.goto(started.url);
      if (
        where.provider === 'webgpu' &&
        !(await page.evaluate('navigator.gpu?.requestAdapter().then(Boolean)'))
      ) {
        process.stdout.write('    (this Chromium has no WebGPU adapter)\n');
        context.skip();
      }
      for (const model of models) {
        const found = await runInPage(page, { file: model.name, ...where, ...size });
        assert.equal(found.isIsolated, true); // Else there would be one thread.
        const session = await InferenceSession.create(model.path);
        const feeds = { image: new Tensor('float32', image, [1, 3, size.height, size.width]) };
        const expected = (await session.run(feeds))[session.outputNames[0]!]!.data as Float32Array;
        const { agreement } = compareOutputs(
          [Uint8Array.from(found.bytes)],
          { ...size, outputs: [expected] },
          model.facts,
        );
        assert.ok(agreement >= LEAST_AGREEMENT, `${model.name}: ${agreement}`);
        await session.release();
      }
      const own = where.provider === 'webgpu' ? 'WebGpuExecutionProvider' : 'CPUExecutionProvider';
      assert.deepEqual([...providers], [own]);
    } finally {
      await browser.close();
      server?.closeAllConnections();
      server?.close();
    }
  }

  it('compute in WebAssembly, with two threads, what the CPU computes', function () {
    const where = { bundle: 'ort.wasm.min.mjs', provider: 'wasm', threads: 2 };
    return assertSame(this, { height: 184, width: 240 }, where, ({ webForm }) => webForm!.path);
  });

  it('compute on WebGPU what the CPU computes, every node there', function () {
    const where = { bundle: 'ort.webgpu.min.mjs', provider: 'webgpu', threads: 1 };
    return assertSame(this, SMALL, where, ({ path }) => path, SOFTWARE_WEBGPU);
  });
});
