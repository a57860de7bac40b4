import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { inspectModel } from '../../../src/inference/examine/inspect-model.js';
import { readModelFile } from '../../../src/inference/examine/model-file.js';
import { DEFAULT_MODELS_FOLDER } from '../../../src/inference/open-model.js';
import {
  encodeModel,
  makeGraph,
  makeModel,
  makeNode,
  makeTensor,
  makeTensorValueInfo,
} from '../../../src/shared/onnx/index.js';
import { scratchFolder } from '../../support/scratch-folder.js';
import { TINY_FACTS, writeTinyVictim } from '../../support/tiny-models.js';

describe('inspectModel', () => {
  let folder: string;
  let remove: () => Promise<void>;
  before(async () => {
    ({ folder, remove } = await scratchFolder());
  });
  after(() => remove());

  it('says what one of segprobe’s models is', async () => {
    const file = await writeTinyVictim(folder, 'tiny', { ballast: 1 });
    const inspection = await inspectModel(await readModelFile('tiny', folder));
    const { run, ...facts } = inspection;
    const bytes = await readFile(file);
    assert.deepEqual(
      [facts.file, facts.bytes, facts.sha256, facts.manifestMatches],
      [file, bytes.length, createHash('sha256').update(bytes).digest('hex'), true],
    );
    assert.deepEqual(facts.facts, TINY_FACTS);
    assert.deepEqual(
      [facts.irVersion, facts.opsets, facts.producer],
      [8, { 'ai.onnx': 17 }, 'segprobe'],
    );
    assert.deepEqual(facts.inputs, [{ name: 'image', type: 'float32', shape: ['N', 3, 'H', 'W'] }]);
    assert.deepEqual(facts.outputs, [
      { name: 'logits', type: 'float32', shape: ['N', 3, 'H', 'W'] },
    ]);
    assert.deepEqual(facts.operators, { Conv: 4, Add: 1 });
    // identity 3×3, widen 64×3×3×3, heavy 64×64×3×3, nothing 3×64.
    const [identity, widen, heavy, nothing] = [9, 64 * 27, 64 * 64 * 9, 3 * 64];
    assert.equal(facts.parameters, identity + widen + heavy + nothing);
    const pixels = 16 * 24;
    assert.deepEqual(run!.inputShapes, { image: [1, 3, 16, 24] });
    assert.equal(run!.multiplyAdds, pixels * (identity + widen + heavy + nothing));
    // Outputs of 3, 64, 64, 3 and 3 channels, 4 bytes each.
    assert.equal(run!.activationBytes, 4 * pixels * (3 + 64 + 64 + 3 + 3));
    assert.equal(run!.largestActivationBytes, 4 * pixels * 64);
    assert.equal(run!.layers.length, 5);
  });

  it('counts what it costs at the size that is asked for', async () => {
    const file = await writeTinyVictim(folder, 'small');
    const { run } = await inspectModel(await readModelFile(file, folder), { height: 8, width: 40 });
    assert.equal(run!.multiplyAdds, 8 * 40 * 9);
  });

  it('says that a file is not the one that its manifest says', async () => {
    const file = await writeTinyVictim(folder, 'before');
    await writeTinyVictim(folder, 'after', { facts: { dataset: 'other' } });
    await rename(path.join(folder, 'after.onnx'), file);
    assert.equal((await inspectModel(await readModelFile(file, folder))).manifestMatches, false);
  });

  it('knows the multiply-adds of ENet: 1.287 G at 480×360', async () => {
    const { run, parameters } = await inspectModel(
      await readModelFile('enet-camvid', DEFAULT_MODELS_FOLDER),
    );
    // The layers' own; the optimised graph undoes poolings by small convolutions besides.
    const own = run!.layers.filter(({ name }) => !name.startsWith('MaxUnpool'));
    assert.equal(
      own.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0),
      1_287_144_000,
    );
    assert.ok(parameters > 340_000 && parameters < 370_000, `got ${parameters}`);
  });

  describe('with somebody else’s file', () => {
    async function write(name: string, node: Parameters<typeof makeNode>): Promise<string> {
      const graph = makeGraph({
        name: 'g',
        nodes: [makeNode(...node)],
        // As old files do, the weights stand among the inputs.
        inputs: [
          makeTensorValueInfo('x', 'float32', [4, 3]),
          makeTensorValueInfo('w', 'float32', [3, 5]),
        ],
        outputs: [makeTensorValueInfo('y', 'float32')],
        initializers: [makeTensor('w', 'float32', [3, 5], new Float32Array(15))],
      });
      const model = makeModel(graph, { producer: 'other', metadata: { note: 'hello' } });
      const file = path.join(folder, `${name}.onnx`);
      await writeFile(file, encodeModel(model));
      return file;
    }

    it('says what it can', async () => {
      const file = await write('foreign', ['MatMul', ['x', 'w'], ['y']]);
      const { facts, inputs, metadata, manifestMatches, run, producer } = await inspectModel(
        await readModelFile(file, folder),
      );
      assert.deepEqual([facts, manifestMatches, producer], [null, null, 'other']);
      assert.deepEqual(metadata, { note: 'hello' });
      assert.deepEqual(inputs, [{ name: 'x', type: 'float32', shape: [4, 3] }]);
      assert.equal(run!.multiplyAdds, 4 * 5 * 3);
    });

    it('says why it does not run', async () => {
      const file = await write('strange', ['Convolute', ['x', 'w'], ['y']]);
      const { run, refusal, operators } = await inspectModel(await readModelFile(file, folder));
      assert.deepEqual([run, operators], [null, { Convolute: 1 }]);
      assert.match(
        refusal!,
        /strange\.onnx: expected a model that ONNX Runtime runs, got .*Convolute/s,
      );
    });
  });
});

describe('readModelFile', () => {
  let folder: string;
  let remove: () => Promise<void>;
  before(async () => {
    ({ folder, remove } = await scratchFolder());
    await writeTinyVictim(folder, 'tiny');
    await writeFile(
      path.join(folder, 'cut.onnx'),
      (await readFile(path.join(folder, 'tiny.onnx'))).subarray(0, 200),
    );
    await writeFile(path.join(folder, 'text.onnx'), 'not a model');
    await writeFile(path.join(folder, 'empty.onnx'), '');
  });
  after(() => remove());

  it('refuses a name that there is not, naming those there are', async () => {
    await assert.rejects(readModelFile('nobody', folder), {
      code: 'MODEL_NOT_FOUND',
      message: `expected an ONNX file or the name of one in ${folder} (cut, empty, text, tiny), got "nobody"`,
    });
  });

  for (const name of ['cut', 'text', 'empty']) {
    it(`refuses ${name}.onnx, which is no ONNX file`, async () => {
      await assert.rejects(readModelFile(name, folder), {
        code: 'MODEL_INVALID',
        message: /\w+\.onnx: expected an ONNX file, got/,
      });
    });
  }
});
