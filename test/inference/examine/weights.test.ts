import assert from 'node:assert/strict';
import {
  countDenormals,
  countParameters,
  nodesOf,
} from '../../../src/inference/examine/weights.js';
import {
  decodeModel,
  encodeModel,
  makeGraph,
  makeModel,
  makeNode,
  makeTensor,
} from '../../../src/shared/onnx/index.js';

/** A graph with weights in all places: an initializer, a Constant, and an initializer of a branch; and a shape. */
function nestedGraph() {
  const weight = (name: string, values: Float32Array) =>
    makeTensor(name, 'float32', [values.length], values);
  const branch = makeGraph({
    name: 'branch',
    nodes: [makeNode('Identity', ['inner'], ['y'])],
    inputs: [],
    outputs: [],
    initializers: [weight('inner', Float32Array.of(1, 1e-40))],
  });
  const graph = makeGraph({
    name: 'outer',
    nodes: [
      makeNode('Constant', [], ['c'], {
        value: { tensor: weight('', Float32Array.of(-1e-39, 0, 3)) },
      }),
      makeNode('If', ['condition'], ['x'], {
        then_branch: { graph: branch },
        else_branch: { graph: branch },
      }),
    ],
    inputs: [],
    outputs: [],
    initializers: [
      weight('outer', Float32Array.of(2, 2 ** -126, 2 ** -127, 1e-30, 0)),
      makeTensor('shape', 'int64', [4], new BigInt64Array(4)),
    ],
  });
  // As a file is read: with bytes that begin anywhere.
  return decodeModel(encodeModel(makeModel(graph))).graph;
}

describe('nodesOf', () => {
  it('lists the nodes of branches too', () => {
    assert.deepEqual(
      nodesOf(nestedGraph()).map(({ opType }) => opType),
      ['Constant', 'If', 'Identity', 'Identity'],
    );
  });
});

describe('countParameters', () => {
  it('counts weights wherever they stand, and no shapes', () => {
    assert.equal(countParameters(nestedGraph()), 5 + 3 + 2 + 2);
  });
});

describe('countDenormals', () => {
  it('counts what is neither 0 nor as great as the least normal float32', () => {
    // 2^-127; -1e-39; 1e-40 in both branches.
    assert.equal(countDenormals(nestedGraph()), 1 + 1 + 2);
  });
});
