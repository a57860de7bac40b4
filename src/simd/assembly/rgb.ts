// The channels of the first four pixels of RGB, 8 bits a channel, as float32, 0..255.

export function redOf(rgb: v128): v128 {
  const zero = i8x16.splat(0);
  // prettier-ignore
  return toFloats(v128.shuffle<u8>(rgb, zero, 0, 16, 16, 16, 3, 16, 16, 16, 6, 16, 16, 16, 9, 16, 16, 16));
}

export function greenOf(rgb: v128): v128 {
  const zero = i8x16.splat(0);
  // prettier-ignore
  return toFloats(v128.shuffle<u8>(rgb, zero, 1, 16, 16, 16, 4, 16, 16, 16, 7, 16, 16, 16, 10, 16, 16, 16));
}

export function blueOf(rgb: v128): v128 {
  const zero = i8x16.splat(0);
  // prettier-ignore
  return toFloats(v128.shuffle<u8>(rgb, zero, 2, 16, 16, 16, 5, 16, 16, 16, 8, 16, 16, 16, 11, 16, 16, 16));
}

function toFloats(bytes: v128): v128 {
  return f32x4.convert_i32x4_u(bytes);
}
