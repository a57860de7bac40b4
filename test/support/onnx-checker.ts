import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

/** What an independent reader, Python's onnx package, finds in an ONNX file. */
export interface CheckedModel {
  readonly irVersion: number;
  /** Version by domain. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly producer: readonly [name: string, version: string];
  readonly metadata: Readonly<Record<string, string>>;
  readonly graph: string;
  readonly inputs: readonly CheckedValue[];
  readonly outputs: readonly CheckedValue[];
  readonly nodes: readonly { readonly name: string; readonly opType: string }[];
  readonly initializers: Readonly<Record<string, CheckedTensor>>;
}

export interface CheckedValue {
  readonly name: string;
  readonly type: string;
  readonly dims: readonly (string | number)[];
}

export interface CheckedTensor {
  readonly type: string;
  readonly dims: readonly number[];
  /** SHA-256 of the values, row by row, little-endian. */
  readonly sha256: string;
}

const SCRIPT = `
import hashlib, json, sys
import onnx
from onnx import numpy_helper

path = sys.argv[1]
onnx.checker.check_model(path, full_check=True)
model = onnx.load(path)

def value(info):
    tensor = info.type.tensor_type
    dims = [dim.dim_param or dim.dim_value for dim in tensor.shape.dim]
    return {"name": info.name, "type": onnx.TensorProto.DataType.Name(tensor.elem_type), "dims": dims}

def tensor(initializer):
    array = numpy_helper.to_array(initializer)
    digest = hashlib.sha256(array.tobytes()).hexdigest()
    return {"type": str(array.dtype), "dims": list(array.shape), "sha256": digest}

graph = model.graph
print(json.dumps({
    "irVersion": model.ir_version,
    "opsets": {opset.domain: opset.version for opset in model.opset_import},
    "producer": [model.producer_name, model.producer_version],
    "metadata": {entry.key: entry.value for entry in model.metadata_props},
    "graph": graph.name,
    "inputs": [value(info) for info in graph.input],
    "outputs": [value(info) for info in graph.output],
    "nodes": [{"name": node.name, "opType": node.op_type} for node in graph.node],
    "initializers": {i.name: tensor(i) for i in graph.initializer},
}))
`;

/** Skips the suite it is called in, with a line that says so, where Python has no onnx package. */
export function useOnnxChecker(): void {
  before('finds the ONNX checker', function () {
    this.timeout(60_000); // Python is slow to start on a busy machine.
    if (spawnSync('python3', ['-c', 'import onnx']).status === 0) return;
    process.stdout.write('    skipped: python3 has no onnx package (pip install onnx)\n');
    this.skip();
  });
}

/** Checks a file by `onnx.checker` with full_check (types and shapes inferred), and tells what is in it. */
export function checkOnnx(file: string): CheckedModel {
  const { status, stdout, stderr } = spawnSync('python3', ['-c', SCRIPT, file], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  assert.equal(status, 0, `onnx.checker refuses ${file}:\n${stderr}`);
  return JSON.parse(stdout) as CheckedModel;
}
