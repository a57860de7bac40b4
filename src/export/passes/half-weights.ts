import { makeNode, makeTensor, type TensorProto } from '../../shared/onnx/index.js';
import { GraphEditor, type Pass } from './graph-editor.js';

/** Scalars and the like are not worth a node. */
const LEAST_LENGTH = 64;

/** The largest float16. */
const LARGEST = 65504;

/**
 * Stores weights as float16, each rounded to the nearest: half the file. A Cast behind each makes float32 of it again, which runtimes do once,
 * as they load it; the arithmetic stays float32's. Weights that float16 cannot hold stay.
 */
export const halfWeights: Pass = (graph) => {
  const editor = new GraphEditor(graph);
  const stored = graph.initializer.flatMap((tensor): { half: TensorProto; name: string }[] => {
    const name = tensor.name!;
    const weights = editor.weights(name);
    if (weights === undefined || weights.values.length < LEAST_LENGTH) return [];
    if (weights.values.some((value) => !(Math.abs(value) <= LARGEST))) return [];
    const bits = Uint16Array.from(weights.values, toHalf);
    return [{ half: makeTensor(`${name}.half`, 'float16', weights.shape, bits), name }];
  });
  const halved = new Set(stored.map(({ name }) => name));
  const casts = stored.map(({ half, name }) =>
    makeNode('Cast', [half.name!], [name], { to: { int: 1 } }),
  );
  return {
    ...graph,
    node: [...casts.map((node) => ({ ...node, name: `${node.output[0]!}.cast` })), ...graph.node],
    initializer: [
      ...graph.initializer.filter(({ name }) => !halved.has(name!)),
      ...stored.map(({ half }) => half),
    ],
  };
};

/** The bits of the nearest IEEE 754 binary16, the even one of two that are as near; |value| ≤ {@link LARGEST}. */
export function toHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  // Steps of 2^-24 up to 2^-14, of 2^(e - 10) from there on.
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const steps = roundToEven(size / 2 ** (exponent - 10));
  // The exponent's field counts from 0 at 2^-15; steps over 1024, and those that rounding made 2048, carry over into it.
  return sign + (size === 0 ? 0 : (exponent + 14) * 1024 + steps);
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}
