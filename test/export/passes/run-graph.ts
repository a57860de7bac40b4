import assert from 'node:assert/strict';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Pass } from '../../../src/export/passes/graph-editor.js';
import {
  encodeModel,
  type GraphProto,
  makeGraph,
  makeModel,
  makeTensor,
  makeTensorValueInfo,
  type NodeProto,
} from '../../../src/shared/onnx/index.js';
import { createRandom } from '../../../src/shared/random.js';

/** Numbers in ±1, the same for the same seed. */
export function randomValues(length: number, seed: number): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length }, () => 2 * random() - 1);
}

/** A graph from `x` float32 `[N, channels, H, W]` to `y`, with float32 initializers. */
export function graphOf(
  nodes: readonly NodeProto[],
  channels: number,
  weights: Readonly<Record<string, { shape: readonly number[]; values: Float32Array }>> = {},
): GraphProto {
  return makeGraph({
    name: 'small',
    nodes,
    inputs: [makeTensorValueInfo('x', 'float32', ['N', channels, 'H', 'W'])],
    outputs: [makeTensorValueInfo('y', 'float32')],
    initializers: Object.entries(weights)
      .filter(([name]) => nodes.some(({ input }) => input.includes(name)))
      .map(([name, { shape, values }]) => makeTensor(name, 'float32', shape, values)),
  });
}

/** What ONNX Runtime makes of a graph, by itself optimised or not. */
export async function run(
  graph: GraphProto,
  inputs: Readonly<Record<string, Tensor>>,
  level: 'disabled' | 'all' = 'disabled',
): Promise<Tensor> {
  const bytes = encodeModel(makeModel(graph));
  const session = await InferenceSession.create(bytes, { graphOptimizationLevel: level });
  try {
    const outputs = await session.run(inputs);
    return outputs[graph.output[0]!.name] as Tensor;
  } finally {
    await session.release();
  }
}

/**
 * Asserts that a pass changes the graph and not the function, as ONNX Runtime computes it with and without its own optimiser.
 *
 * @param tolerance - of each number, as a share of the largest; 0 asks for the same bits.
 * @returns the graph after the pass.
 */
export async function assertSameFunction(
  graph: GraphProto,
  pass: Pass,
  shape: readonly [number, number, number, number],
  { tolerance = 0, values }: { tolerance?: number; values?: Float32Array } = {},
): Promise<GraphProto> {
  const optimized = pass(graph);
  const size = shape.reduce((product, side) => product * side);
  const inputs = { x: new Tensor('float32', values ?? randomValues(size, 9), shape) };
  const expected = await run(graph, inputs);
  for (const level of ['disabled', 'all'] as const) {
    const actual = await run(optimized, inputs, level);
    assert.deepEqual(actual.dims, expected.dims);
    const [found, wanted] = [actual.data, expected.data] as [Float32Array, Float32Array];
    const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const worst = found.reduce((most, value, i) => Math.max(most, Math.abs(value - wanted[i]!)), 0);
    assert.ok(worst <= tolerance * largest, `${level}: ${worst} of ${largest}`);
  }
  return optimized;
}

/** The operators of a graph, in order. */
export const operatorsOf = ({ node }: GraphProto): string[] => node.map(({ opType }) => opType);
