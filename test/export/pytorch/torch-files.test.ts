import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { isFloating, toFloat32 } from '../../../src/export/import/float-values.js';
import { readPyTorchCheckpoint, stateDictOf } from '../../../src/export/pytorch/index.js';
import { runPython, usePyTorch } from '../../support/torch.js';

/** Writes files in both forms, and prints what is in them: dtype by PyTorch's name, shape, and the values as numbers. */
const SCRIPT = `
import json, sys, torch
from collections import OrderedDict
from torch import nn

folder = sys.argv[1]
torch.manual_seed(1)
base = torch.arange(24, dtype=torch.float32).reshape(4, 6) / 7
numbers = torch.tensor([-3.5, 0.0, 1.5, 65504.0, 2.0 ** -24, 7.0])
tensors = OrderedDict(
    float32=base, transposed=base.t(), row=base[1], column=base[:, 2], block=base[1:3, 1:5:2], expanded=base[:, :1].expand(4, 3),
    float64=numbers.double() / 3, float16=numbers.half(), bfloat16=numbers.bfloat16(),
    int64=torch.tensor([-1, 2 ** 40]), int32=torch.tensor([-70000, 1], dtype=torch.int32), uint8=torch.tensor([200, 1], dtype=torch.uint8),
    bool=torch.tensor([True, False]), scalar=torch.tensor(5), empty=torch.zeros(0, 3), parameter=nn.Parameter(torch.ones(2)),
)
value = {"epoch": 7, "miou": 0.25, "betas": (0.9, 0.999), "none": None, "state_dict": tensors, "long": 2 ** 63}
net = nn.DataParallel(nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2)))
optimizer = torch.optim.Adam(net.parameters(), weight_decay=1e-4)
net(torch.rand(2, 3, 4, 4)).sum().backward()
optimizer.step()
for form, is_zip in ("zip", True), ("stream", False):
    save = lambda object, name, **more: torch.save(object, f"{folder}/{name}-{form}.pt", _use_new_zipfile_serialization=is_zip, **more)
    save(value, "plain")
    save(value, "protocol4", pickle_protocol=4)
    save({"state_dict": net.state_dict(), "optimizer": optimizer.state_dict()}, "parallel")
    save(net, "module")
show = lambda t: {"dtype": str(t.dtype), "shape": list(t.shape), "values": t.detach().double().reshape(-1).tolist()}
print(json.dumps({name: show(tensor) for name, tensor in tensors.items()}))
`;

const DTYPES: Readonly<Record<string, string>> = {
  'torch.float32': 'F32',
  'torch.float64': 'F64',
  'torch.float16': 'F16',
  'torch.bfloat16': 'BF16',
  'torch.int64': 'I64',
  'torch.int32': 'I32',
  'torch.uint8': 'U8',
  'torch.bool': 'BOOL',
};

interface Shown {
  readonly dtype: string;
  readonly shape: number[];
  readonly values: number[];
}

describe("readPyTorchCheckpoint, on PyTorch's own files", function () {
  this.timeout(120_000);
  usePyTorch();
  let folder: string;
  let shown: Record<string, Shown>;
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'segprobe-'));
    shown = JSON.parse(runPython(SCRIPT, folder)) as Record<string, Shown>;
  });
  after(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  const read = (name: string): ReadonlyMap<string, unknown> =>
    readPyTorchCheckpoint(readFileSync(path.join(folder, name)), name) as ReadonlyMap<
      string,
      unknown
    >;

  for (const form of ['zip', 'stream']) {
    for (const name of ['plain', 'protocol4']) {
      it(`reads ${name}-${form}.pt: every dtype, views, plain data`, () => {
        const value = read(`${name}-${form}.pt`);
        assert.deepEqual(
          { ...Object.fromEntries(value), state_dict: null },
          {
            epoch: 7,
            miou: 0.25,
            betas: [0.9, 0.999],
            none: null,
            long: 1n << 63n,
            state_dict: null,
          },
        );
        const tensors = stateDictOf(value as never);
        assert.deepEqual([...tensors.keys()], Object.keys(shown));
        for (const [key, { dtype, shape, values }] of Object.entries(shown)) {
          const tensor = tensors.get(key)!;
          assert.deepEqual([tensor.dtype, tensor.shape], [DTYPES[dtype], shape], key);
          const found =
            isFloating(tensor) && dtype !== 'torch.float64' ? toFloat32(tensor) : tensor.data;
          assert.deepEqual(Array.from(found as Iterable<number>, Number), values, key);
        }
      });
    }

    it(`reads parallel-${form}.pt: a state dict with its versions, Adam's state`, () => {
      const value = read(`parallel-${form}.pt`);
      assert.deepEqual(
        [...stateDictOf(value as never).keys()],
        [
          '0.weight',
          '0.bias',
          '1.weight',
          '1.bias',
          '1.running_mean',
          '1.running_var',
          '1.num_batches_tracked',
        ],
      );
      const states = (value.get('optimizer') as Map<string, unknown>).get('state') as Map<
        number,
        Map<string, unknown>
      >;
      assert.deepEqual([...states.keys()], [0, 1, 2, 3]);
      assert.deepEqual(states.get(0)!.get('step'), {
        dtype: 'F32',
        shape: [],
        data: Float32Array.of(1),
      });
    });

    it(`refuses module-${form}.pt, a whole network, and says what to save`, () => {
      assert.throws(() => read(`module-${form}.pt`), {
        code: 'FILE_INVALID',
        message:
          /save model\.state_dict\(\), not the model.*module "torch\.nn\.parallel\.data_parallel", name "DataParallel"/,
      });
    });
  }
});
