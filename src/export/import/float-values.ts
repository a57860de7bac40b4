import type { Safetensor } from '../../shared/safetensors.js';

/** A tensor of a floating-point dtype. */
export type FloatingTensor = Extract<Safetensor, { dtype: 'F64' | 'F32' | 'F16' | 'BF16' }>;

/** Tells whether a tensor's dtype is floating-point. */
export function isFloating(tensor: Safetensor): tensor is FloatingTensor {
  return ['F64', 'F32', 'F16', 'BF16'].includes(tensor.dtype);
}

/**
 * Converts to float32.
 * @returns a copy of the values in the same order, rounded to the nearest float32 where the dtype is wider.
 */
export function toFloat32(tensor: FloatingTensor): Float32Array<ArrayBuffer> {
  switch (tensor.dtype) {
    case 'F32':
      return new Float32Array(tensor.data);
    case 'F64':
      return Float32Array.from(tensor.data);
    case 'F16':
      return Float32Array.from(tensor.data, fromHalf);
    case 'BF16':
      // The upper half of a float32.
      return new Float32Array(Uint32Array.from(tensor.data, (bits) => bits << 16).buffer);
  }
}

const SMALLEST_HALF = 2 ** -24;

/** The value of IEEE 754 binary16: one bit of sign, five of exponent, ten of fraction. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * SMALLEST_HALF;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}
