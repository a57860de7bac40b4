import type { GraphNode } from '../graph/graph.js';
import { assertNhwc, attributeOf, unsupported } from './converter.js';

type Pair = readonly [height: number, width: number];

/** How a window lies over height and width, in ONNX's terms. */
export interface OnnxWindow {
  readonly kernel: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly pads: readonly [top: number, left: number, bottom: number, right: number];
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
 * @throws SegprobeError `EXPORT_UNSUPPORTED` for padding that depends on the size of the picture.
 */
export function readWindow(node: GraphNode, kernel: Pair): OnnxWindow {
  assertNhwc(node);
  const strides = spatial(attributeOf(node, 'strides', 'ints'));
  const dilations: Pair =
    'dilations' in node.attributes ? spatial(attributeOf(node, 'dilations', 'ints')) : [1, 1];
  const reach: Pair = reachOf({ kernel, dilations });
  return { kernel, strides, dilations, pads: readPads(node, strides, reach) };
}

/** How far the last cell of a window lies from the first, along each axis. */
export function reachOf({ kernel, dilations }: Pick<OnnxWindow, 'kernel' | 'dilations'>): Pair {
  return [(kernel[0] - 1) * dilations[0], (kernel[1] - 1) * dilations[1]];
}

function readPads(node: GraphNode, strides: Pair, reach: Pair): OnnxWindow['pads'] {
  const padding = attributeOf(node, 'padding', 'string');
  if (padding === 'VALID') return [0, 0, 0, 0];
  if (padding === 'EXPLICIT') {
    const [, , top, bottom, left, right] = attributeOf(node, 'explicit_paddings', 'ints');
    return [top!, left!, bottom!, right!];
  }
  if (strides.some((stride) => stride !== 1)) {
    throw unsupported(
      node,
      `expected SAME padding only with stride 1, else it depends on the size, got stride ${strides}`,
    );
  }
  // With stride 1, SAME keeps the size; an odd cell goes to the bottom or the right.
  const [top, left] = [Math.floor(reach[0] / 2), Math.floor(reach[1] / 2)];
  return [top, left, reach[0] - top, reach[1] - left];
}

/** Height's and width's of the numbers that TensorFlow has for N, H, W, C. */
function spatial([, height, width]: readonly number[]): Pair {
  return [height!, width!];
}
