import type { GraphNode } from '../graph/graph.js';
import { attributeOf, unsupported } from './converter.js';

/** How a window lies over height and width, in ONNX's terms. */
export interface OnnxWindow {
  /** Height and width, as all but `pads`. */
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** top, left, bottom, right */
  readonly pads: readonly number[];
}

/** The window as the attributes of an ONNX node. */
export function toWindowAttributes({ kernel, strides, dilations, pads }: OnnxWindow) {
  return {
    kernel_shape: { ints: kernel },
    strides: { ints: strides },
    dilations: { ints: dilations },
    pads: { ints: pads },
  };
}

/**
 * Reads a window from a node's attributes. Padding is always written out: ONNX Runtime's providers do not agree on auto_pad
 * (microsoft/onnxruntime#26734).
 *
 * @param kernel - height and width.
 */
export function readWindow(node: GraphNode, kernel: readonly [number, number]): OnnxWindow {
  const spatial = (values: readonly number[]): [number, number] => [values[1]!, values[2]!];
  if ('data_format' in node.attributes && attributeOf(node, 'data_format', 'string') !== 'NHWC') {
    throw unsupported(node, 'expected NHWC');
  }
  const strides = spatial(attributeOf(node, 'strides', 'ints'));
  const dilations =
    'dilations' in node.attributes ? spatial(attributeOf(node, 'dilations', 'ints')) : [1, 1];
  return { kernel, strides, dilations, pads: readPads(node, kernel, strides, dilations) };
}

function readPads(
  node: GraphNode,
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
): number[] {
  const padding = attributeOf(node, 'padding', 'string');
  if (padding === 'VALID') return [0, 0, 0, 0];
  if (padding === 'EXPLICIT') {
    const explicit = attributeOf(node, 'explicit_paddings', 'ints');
    return [explicit[2]!, explicit[4]!, explicit[3]!, explicit[5]!];
  }
  const reach = kernel.map((size, axis) => (size - 1) * dilations[axis]!);
  if (strides.some((stride) => stride !== 1) || reach.some((cells) => cells % 2 !== 0)) {
    throw unsupported(
      node,
      'expected SAME padding only where it is alike on both sides at every size',
    );
  }
  const [y, x] = reach.map((cells) => cells / 2) as [number, number];
  return [y, x, y, x];
}
