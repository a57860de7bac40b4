import assert from 'node:assert/strict';
import type { Graph } from '../../src/graph/graph.js';
import { recordProgram } from '../../src/graph/record-program.js';
import { encodeSavedModel } from '../../src/graph/saved-model.js';
import { SavedModelProto } from '../../src/graph/tensorflow-proto.js';
import { useNativeTensorFlow } from '../support/tensorflow.js';
import { toyProgram } from './toy-program.js';

interface NodeDef {
  readonly name: string;
  readonly op: string;
  readonly input: string[];
  readonly attr: Record<string, Record<string, unknown>>;
}

function decode(bytes: Uint8Array) {
  const model = SavedModelProto.toObject(SavedModelProto.decode(bytes), {
    longs: Number,
    bytes: Buffer,
    arrays: true,
    objects: true,
  });
  const [graph] = model['metaGraphs'];
  return {
    schemaVersion: model['savedModelSchemaVersion'] as number,
    tags: graph.metaInfoDef.tags as string[],
    nodes: graph.graphDef.node as NodeDef[],
    functions: graph.graphDef.library.function as {
      signature: { name: string; inputArg: object[]; outputArg: object[] };
      nodeDef: NodeDef[];
      ret: Record<string, string>;
      attr: Record<string, unknown>;
    }[],
    main: graph.collectionDef.saved_model_main_op.nodeList.value as string[],
  };
}

describe('encodeSavedModel', () => {
  describe('of a recorded program', () => {
    useNativeTensorFlow();
    const program = toyProgram();
    let graph: Graph;
    let decoded: ReturnType<typeof decode>;

    before(() => {
      graph = recordProgram(program);
      decoded = decode(encodeSavedModel(graph, program.state));
    });

    it('is tagged for serving, in the schema version that TensorFlow loads', () => {
      assert.equal(decoded.schemaVersion, 1);
      assert.deepEqual(decoded.tags, ['serve']);
    });

    it('holds every node with its operator, inputs and attributes', () => {
      const byName = new Map(decoded.nodes.map((node) => [node.name, node]));
      assert.equal(byName.size, decoded.nodes.length, 'names are unique');
      for (const { name, op, inputs, attributes } of graph.nodes) {
        const node = byName.get(name)!;
        assert.equal(node.op, op);
        assert.deepEqual(node.input, inputs);
        assert.deepEqual(Object.keys(node.attr).sort(), Object.keys(attributes).sort(), name);
      }
    });

    it('gives every variable its first value when it is loaded', () => {
      const byName = new Map(decoded.nodes.map((node) => [node.name, node]));
      const initialize = byName.get(decoded.main[0]!)!;
      const assigned = initialize.input.map((input) => byName.get(input.replace('^', ''))!);
      assert.deepEqual(
        assigned.map(({ input }) => input[0]).sort(),
        Object.keys(graph.variables).sort(),
      );
      for (const { input } of assigned) {
        const [name, constant] = input as [string, string];
        const { tensorContent } = byName.get(constant)!.attr['value']!['tensor'] as {
          tensorContent: Buffer;
        };
        const { values } = program.state[name]!;
        const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
        assert.ok(tensorContent.equals(bytes), name);
      }
    });

    it('marks functions for XLA and names their inner outputs as TensorFlow does', () => {
      assert.deepEqual(
        decoded.functions.map(({ signature }) => signature.name),
        graph.functions.map(({ name }) => name),
      );
      const prelu = decoded.functions.find(({ signature }) =>
        signature.name.startsWith('prelu__'),
      )!;
      assert.deepEqual(prelu.attr['_XlaMustCompile'], { b: true });
      assert.equal(prelu.signature.inputArg.length, 2);
      // x > 0 ? x : slope·x, both constants and arguments among the inputs
      const [select] = prelu.nodeDef.filter(({ op }) => op.startsWith('Select'));
      assert.deepEqual(select!.input, ['Greater_1:z:0', 'arg0', 'Mul_1:z:0']);
      assert.deepEqual(prelu.ret, { result0: `${select!.name}:output:0` });
    });
  });

  it('writes attributes of every kind', () => {
    const attributes = {
      text: { kind: 'string', value: 'SAME' },
      minusOne: { kind: 'int', value: -1 },
      zero: { kind: 'int', value: 0 },
      strides: { kind: 'ints', value: [1, 2, 2, 1] },
      epsilon: { kind: 'float', value: 0.5 },
      no: { kind: 'bool', value: false },
      T: { kind: 'type', value: 'int32' },
      Tin: { kind: 'types', value: ['float32', 'bool'] },
      shape: { kind: 'shape', value: [3, 0] },
      scalar: { kind: 'shape', value: [] },
      f: { kind: 'function', value: 'square' },
      value: {
        kind: 'tensor',
        value: { dtype: 'int32', shape: [2], values: Int32Array.of(9, 1, 2).subarray(1) },
      },
    } as const;
    const graph: Graph = {
      nodes: [{ name: 'n', op: 'Op', inputs: [], attributes, outputs: [] }],
      functions: [],
      signatures: {},
      variables: {},
    };
    const { nodes } = decode(encodeSavedModel(graph, {}));
    const [{ attr }] = nodes as [NodeDef];
    const dims = (...sizes: number[]) => ({ dim: sizes.map((size) => ({ size })) });
    assert.deepEqual(attr, {
      text: { s: Buffer.from('SAME') },
      minusOne: { i: -1 },
      zero: { i: 0 },
      strides: { list: { i: [1, 2, 2, 1], type: [] } },
      epsilon: { f: 0.5 },
      no: { b: false },
      T: { type: 3 },
      Tin: { list: { i: [], type: [1, 10] } },
      shape: { shape: { dim: [{ size: 3 }, {}] } }, // 0 is the default.
      scalar: { shape: dims() },
      f: { func: { name: 'square' } },
      value: {
        tensor: {
          dtype: 3,
          tensorShape: dims(2),
          tensorContent: Buffer.from(Int32Array.of(1, 2).buffer),
        },
      },
    });
  });
});
