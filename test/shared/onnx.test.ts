import assert from 'node:assert/strict';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { isSegprobeError } from '../../src/shared/errors.js';
import {
  decodeModel,
  encodeModel,
  makeGraph,
  makeModel,
  makeNode,
  makeTensor,
  makeTensorValueInfo,
  readModelMetadata,
} from '../../src/shared/onnx/index.js';
import type { ModelProto } from '../../src/shared/onnx/index.js';

/** y = LeakyRelu(2x + (-1)), element by element. */
function affineModel(metadata: Record<string, string> = {}): ModelProto {
  return makeModel(
    makeGraph({
      name: 'affine',
      nodes: [
        makeNode('Mul', ['x', 'two'], ['doubled']),
        makeNode('Add', ['doubled', 'minusOne'], ['sum'], {}, { name: 'add' }),
        makeNode('LeakyRelu', ['sum'], ['y'], { alpha: { float: 0.25 } }),
      ],
      inputs: [makeTensorValueInfo('x', 'float32', ['N', 2])],
      outputs: [makeTensorValueInfo('y', 'float32', ['N', 2])],
      initializers: [
        makeTensor('two', 'float32', [], new Float32Array([2])),
        makeTensor('minusOne', 'float32', [1], new Float32Array([-1])),
      ],
    }),
    { metadata },
  );
}

describe('encodeModel', () => {
  it('writes a file that ONNX Runtime runs', async () => {
    const session = await InferenceSession.create(encodeModel(affineModel()));
    const x = new Tensor('float32', Float32Array.of(0, 1, 2, -1.5), [2, 2]);
    const { y } = await session.run({ x });
    // 2x - 1 = -1, 1, 3, -4; the negative ones times 1/4.
    assert.deepEqual(Array.from(y!.data as Float32Array), [-0.25, 1, 3, -1]);
    assert.deepEqual(y!.dims, [2, 2]);
    await session.release();
  });

  it('writes the same bytes for the same model', () => {
    assert.deepEqual(encodeModel(affineModel({ a: 'b' })), encodeModel(affineModel({ a: 'b' })));
  });

  it('writes attributes that are zero', () => {
    const node = makeNode('Gather', ['x', 'i'], ['y'], { axis: { int: 0 } });
    const graph = makeGraph({ name: 'g', nodes: [node], inputs: [], outputs: [] });
    const [attribute] = decodeModel(encodeModel(makeModel(graph))).graph.node[0]!.attribute;
    assert.deepEqual(attribute, {
      name: 'axis',
      i: 0,
      type: 2,
      floats: [],
      ints: [],
      strings: [],
      tensors: [],
      graphs: [],
    });
  });
});

describe('decodeModel', () => {
  it('gives back what was encoded', () => {
    const decoded = decodeModel(encodeModel(affineModel({ 'segprobe.kind': 'victim' })));
    assert.equal(decoded.irVersion, 8);
    assert.deepEqual(decoded.opsetImport, [{ domain: '', version: 17 }]);
    assert.equal(decoded.producerName, 'segprobe');
    assert.deepEqual(decoded.metadataProps, [{ key: 'segprobe.kind', value: 'victim' }]);
    assert.deepEqual(
      decoded.graph.node.map(({ opType, input, output }) => [opType, ...input, ...output]),
      [
        ['Mul', 'x', 'two', 'doubled'],
        ['Add', 'doubled', 'minusOne', 'sum'],
        ['LeakyRelu', 'sum', 'y'],
      ],
    );
    assert.deepEqual(decoded.graph.input[0]?.type?.tensorType, {
      elemType: 1,
      shape: { dim: [{ dimParam: 'N' }, { dimValue: 2 }] },
    });
    const [two] = decoded.graph.initializer;
    assert.deepEqual([two!.name, two!.dims, two!.dataType], ['two', [], 1]);
    assert.deepEqual(Array.from(two!.rawData!), [0, 0, 0, 0x40]);
  });

  it('refuses text, emptiness and half a file', () => {
    const whole = encodeModel(affineModel());
    const halves = [0.25, 0.5, 0.95].map((share) => whole.subarray(0, whole.length * share));
    for (const bytes of [new Uint8Array(), Buffer.from('not a model at all'), ...halves]) {
      assert.throws(
        () => decodeModel(bytes, 'x.onnx'),
        (error) => isSegprobeError(error, 'MODEL_INVALID') && error.message.startsWith('x.onnx: '),
      );
    }
  });
});

describe('readModelMetadata', () => {
  it('reads keys and values beside a graph', () => {
    const metadata = { 'segprobe.kind': 'attacker', 'segprobe.classes': '["sky","Straße"]' };
    assert.deepEqual(readModelMetadata(encodeModel(affineModel(metadata))), metadata);
    assert.deepEqual(readModelMetadata(encodeModel(affineModel())), {});
  });

  it('refuses text, emptiness and half a file', () => {
    const whole = encodeModel(affineModel({ key: 'value' }));
    for (const bytes of [
      new Uint8Array(),
      Buffer.from('<html>not found</html>'),
      whole.subarray(0, whole.length - 1),
      whole.subarray(0, whole.length / 2),
    ]) {
      assert.throws(
        () => readModelMetadata(bytes, 'x.onnx'),
        (error) => isSegprobeError(error, 'MODEL_INVALID') && error.message.startsWith('x.onnx: '),
      );
    }
  });
});

describe('makeTensor', () => {
  it('refuses values that do not fill the dims, naming both byte counts', () => {
    assert.throws(() => makeTensor('w', 'float32', [2, 3], new Float32Array(5)), {
      code: 'SHAPE_MISMATCH',
      message: 'tensor w: expected 24 bytes for float32 [2, 3], got 20',
    });
    assert.throws(() => makeTensor('w', 'int64', [-2, -1], new BigInt64Array(2)), {
      code: 'SHAPE_MISMATCH',
    });
  });

  it('takes only the part of the buffer that the view shows', () => {
    const view = new Uint8Array([9, 1, 2, 9]).subarray(1, 3);
    assert.deepEqual(Array.from(makeTensor('t', 'uint8', [2], view).rawData!), [1, 2]);
  });
});

describe('makeNode', () => {
  it('leaves undefined attributes out and refuses broken integers', () => {
    assert.deepEqual(makeNode('Relu', ['x'], ['y'], { alpha: undefined }).attribute, []);
    assert.throws(() => makeNode('Conv', [], [], { strides: { ints: [1.5, 2] } }), {
      code: 'EXPORT_UNSUPPORTED',
      message: 'Conv.strides: expected a whole number, got 1.5',
    });
  });
});

describe('makeModel', () => {
  it('takes the IR version of the opset and refuses an opset it does not know', () => {
    const { graph } = affineModel();
    assert.equal(makeModel(graph, { opset: 21 }).irVersion, 10);
    assert.equal(makeModel(graph, { opset: 99, irVersion: 13 }).irVersion, 13);
    assert.throws(() => makeModel(graph, { opset: 99 }), { code: 'EXPORT_UNSUPPORTED' });
  });
});
