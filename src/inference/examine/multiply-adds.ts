import type { NodeRun } from './profile-run.js';

type Shape = readonly number[];

/** By operator: which input holds the weights, and how often each is used. */
const COUNTERS: Readonly<Record<string, (inputs: readonly Shape[], output: Shape) => number>> = {
  Conv: ([, weight], output) => size(output) * size(weight!.slice(1)),
  FusedConv: ([, weight], output) => size(output) * size(weight!.slice(1)),
  ConvInteger: ([, weight], output) => size(output) * size(weight!.slice(1)),
  // Inputs: x, its scale and zero point, then the weights.
  QLinearConv: (inputs, output) => size(output) * size(inputs[3]!.slice(1)),
  // Each input value is spread over a window: [C, M / group, kernel…].
  ConvTranspose: ([x, weight]) => size(x!) * size(weight!.slice(1)),
  MatMul: ([a], output) => size(output) * a!.at(-1)!,
  MatMulInteger: ([a], output) => size(output) * a!.at(-1)!,
  // Either factor may lie transposed: its elements over the output's rows are the summed axis.
  Gemm: ([a], output) => size(output) * (size(a!) / output[0]!),
};

/** Counts a node's multiply-adds from the shapes that it saw; 0 for an operator without weights. */
export function multiplyAddsOf({ opType, inputShapes, outputShapes }: NodeRun): number {
  return COUNTERS[opType]?.(inputShapes, outputShapes[0]!) ?? 0;
}

function size(shape: Shape): number {
  return shape.reduce((product, length) => product * length, 1);
}
