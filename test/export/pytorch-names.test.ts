import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { exportPyTorchNames } from '../../src/export/pytorch-names.js';
import { randomImage, toPlanes } from '../../src/export/run-onnx.js';
import { CAMVID, classNames } from '../../src/shared/classes.js';
import { decodeSafetensors, encodeSafetensors } from '../../src/shared/safetensors.js';
import { sha256Of } from '../../src/train/sha256.js';
import { writeAttackerCheckpoint } from '../../src/train/attacker-checkpoint.js';
import type { NamedTensors } from '../../src/train/packing.js';
import { createVictim } from '../../src/train/victim.js';
import { assertAllClose } from '../support/all-close.js';
import { attackerCheckpoint } from '../support/attacker-checkpoints.js';
import { readGoldenCheckpoint, useGolden } from '../support/golden.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { useNativeTensorFlow } from '../support/tensorflow.js';
import { runPython, usePyTorch } from '../support/torch.js';
import { writeEnetCheckpoint } from './enet-checkpoint.js';

const PEERS = fileURLToPath(new URL('../../bench/peers', import.meta.url));

/** Puts PyTorch's ENet under PyTorch-ENet's names, loads a file strictly, and computes the logits of a picture. */
const SCRIPT = `
import sys, torch
from torch import nn
from safetensors.torch import load_file, save_file

peers, weights, picture, out = sys.argv[1:]
sys.path.insert(0, peers)
from train_step import ENet

def put(parent, name, module):
    first, _, rest = name.partition(".")
    if not rest:
        return parent.add_module(first, module)
    if first not in parent._modules:
        parent.add_module(first, nn.Module())
    put(parent._modules[first], rest, module)

UP = ["ext_conv1.0", "ext_conv1.1", "ext_conv1.2", "ext_tconv1", "ext_tconv1_bnorm", "ext_tconv1_activation", "ext_conv2.0", "ext_conv2.1"]
REGULAR = [f"ext_conv{part}.{i}" for part in (1, 2, 3) for i in range(3)]
ASYMMETRIC = [*REGULAR[:3], *(f"ext_conv2.{i}" for i in range(6)), *REGULAR[6:]]

net, named = ENet(), nn.Module()
put(named, "initial_block.main_branch", net.conv)
put(named, "initial_block.batch_norm", net.norm)
put(named, "initial_block.out_activation", net.act)
put(named, "transposed_conv", net.last)
row = ["regular", "dilated", "asymmetric", "dilated", "regular", "dilated", "asymmetric", "dilated"]
blocks = {"downsample1_0": net.down1, "downsample2_0": net.down2, "upsample4_0": net.up4, "upsample5_0": net.up5, "regular5_1": net.stage5}
blocks |= {f"regular1_{i + 1}": block for i, block in enumerate(net.stage1)}
blocks |= {f"{kind}2_{i + 1}": net.stage23[i] for i, kind in enumerate(row)}
blocks |= {f"{kind}3_{i}": net.stage23[8 + i] for i, kind in enumerate(row)}
blocks |= {f"regular4_{i + 1}": block for i, block in enumerate(net.stage4)}
for name, block in blocks.items():
    parts = UP if block.kind == "up" else ASYMMETRIC if block.kind == "asymmetric" else REGULAR
    for part, module in zip(parts, block.extension):
        put(named, f"{name}.{part}", module)
    for i, module in enumerate(getattr(block, "main", [])):
        put(named, f"{name}.main_conv1.{i}", module)
    put(named, f"{name}.out_activation", block.act)

named.load_state_dict(load_file(weights), strict=True)
net.eval()
with torch.no_grad():
    save_file({"logits": net(load_file(picture)["image"])}, out)
`;

describe('exportPyTorchNames', function () {
  this.timeout(120_000);
  let folder: string;
  let remove: () => Promise<void>;
  const at = (...names: string[]): string => path.join(folder, ...names);
  before(async () => {
    ({ folder, remove } = await scratchFolder());
    await writeEnetCheckpoint(at('street'));
    await writeAttackerCheckpoint(at('mal'), attackerCheckpoint());
  });
  after(() => remove());

  const exportAs = (name: string) => exportPyTorchNames(at(name), { name, outDir: at('out') });
  async function read(file: string) {
    return decodeSafetensors(await readFile(file), file);
  }

  it('writes what the model is beside its weights', async () => {
    const { file, bytes, sha256, tensors: count } = await exportAs('street');
    const contents = await readFile(file);
    assert.deepEqual([bytes, sha256], [contents.length, sha256Of(contents)]);
    const { metadata, tensors } = await read(file);
    assert.equal(tensors.size, count);
    assert.deepEqual([metadata['format'], metadata['segprobe.kind']], ['pt', 'victim']);
    assert.deepEqual(JSON.parse(metadata['segprobe.classes']!), classNames(CAMVID));
  });

  it('counts the batches of the training', async () => {
    const { tensors } = await read((await exportAs('street')).file);
    const counters = [...tensors].filter(([name]) => name.endsWith('.num_batches_tracked'));
    assert.ok(counters.length > 0);
    for (const [name, tensor] of counters) {
      assert.deepEqual(tensor, { dtype: 'I64', shape: [], data: BigInt64Array.of(20n) }, name);
    }
  });

  it("writes an attacker's weights", async () => {
    const { tensors, metadata } = await read((await exportAs('mal')).file);
    assert.deepEqual(Object.fromEntries(tensors), Object.fromEntries(attackerCheckpoint().weights));
    assert.equal(metadata['segprobe.kind'], 'attacker');
  });

  it('refuses what is no checkpoint, and a folder that is a file', async () => {
    await assert.rejects(exportAs('nobody'), { code: 'CHECKPOINT_NOT_FOUND' });
    await writeFile(at('file'), 'mine');
    const options = { name: 'street', outDir: at('file') };
    await assert.rejects(exportPyTorchNames(at('street'), options), { code: 'FILE_INVALID' });
  });

  describe("beside PyTorch-ENet's own file @golden", () => {
    useGolden('pytorch-enet');

    it('has the same names, dtypes and shapes', async () => {
      const { tensors } = await read((await exportAs('street')).file);
      const kinds = (named: NamedTensors) =>
        Object.fromEntries([...named].map(([name, { dtype, shape }]) => [name, [dtype, shape]]));
      const golden = readGoldenCheckpoint('pytorch-enet', 'enet12_random.pt');
      assert.deepEqual(kinds(tensors), kinds(golden));
    });
  });

  describe('beside PyTorch', () => {
    usePyTorch('safetensors');
    useNativeTensorFlow();

    it('gives a network that load_state_dict fills strictly, with the same logits', async () => {
      const { weights } = await writeEnetCheckpoint(at('street'));
      const { file } = await exportAs('street');
      const [height, width] = [64, 96];
      const shape = { count: 1, height, width };
      const image = randomImage(shape, 3);
      await mkdir(at('out'), { recursive: true });
      const data = Float32Array.from(toPlanes(image, shape, 3));
      await writeFile(
        at('image'),
        encodeSafetensors(
          new Map([['image', { dtype: 'F32', shape: [1, 3, height, width], data }]]),
        ),
      );
      runPython(SCRIPT, PEERS, file, at('image'), at('logits'));
      const expected = (await read(at('logits'))).tensors.get('logits')!.data as Float32Array;
      const victim = createVictim({
        height,
        width,
        classCount: 12,
        weights,
        predictBatchSizes: [1],
      });
      const logits = toPlanes(await victim.logits(image, 1), shape, 12);
      victim.dispose();
      const largest = expected.reduce((max, logit) => Math.max(max, Math.abs(logit)), 0);
      assertAllClose(logits, expected, { rtol: 0, atol: 1e-4 * largest }, 'logits');
    });
  });
});
