import { type Converter, floatScalar } from '../converter.js';

/** The compiled function `clampToUnit(x)` (src/train/kernels/clamp.ts); ONNX: Clip(input, min, max). */
export const convertClampToUnit: Converter = (context) =>
  context.emit('Clip', [context.value(0), floatScalar('min', 0), floatScalar('max', 1)]);
