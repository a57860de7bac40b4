import { blueOf, greenOf, redOf } from './rgb';

/** Pixels that are taken at once: a multiple of four. */
const BLOCK: i32 = 1 << 13;

/** A block of RGB, 8 bits a channel, and some bytes more: vectors are read and written whole. */
const bytes = memory.data(3 * (1 << 13) + 16, 16);
/** A block of three planes of float32. */
const planes = memory.data(12 * (1 << 13), 16);

/** How many pixels are taken at once. */
export function imageBlock(): i32 {
  return BLOCK;
}

/** Where RGB lies. */
export function imageBytes(): usize {
  return bytes;
}

/** Where the three planes lie, one behind the other, each with room for a block. */
export function imagePlanes(): usize {
  return planes;
}

/** Turns a block of RGB into planes: 0..255 to 0..1. */
export function bytesToPlanes(): void {
  const scale = f32x4.splat(255);
  for (let i: i32 = 0; i < BLOCK; i += 4) {
    const rgb = v128.load(bytes + 3 * i);
    const at = planes + 4 * i;
    v128.store(at, f32x4.div(redOf(rgb), scale));
    v128.store(at + 4 * BLOCK, f32x4.div(greenOf(rgb), scale));
    v128.store(at + 8 * BLOCK, f32x4.div(blueOf(rgb), scale));
  }
}

/** Turns a block of planes into RGB: 0..1 to 0..255, rounded to the nearest, halves to the even one; outside is cut off. */
export function planesToBytes(): void {
  for (let i: i32 = 0; i < BLOCK; i += 4) {
    const at = planes + 4 * i;
    const redGreen = i16x8.narrow_i32x4_s(round4(at), round4(at + 4 * BLOCK));
    const blue = round4(at + 8 * BLOCK);
    const all = i8x16.narrow_i16x8_u(redGreen, i16x8.narrow_i32x4_s(blue, blue));
    v128.store(
      bytes + 3 * i,
      v128.shuffle<u8>(all, all, 0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11, 12, 13, 14, 15),
    );
  }
}

/** In float64, whose product with 255 is exact enough never to round across a half. */
function round4(at: usize): v128 {
  const four = v128.load(at);
  const scale = f64x2.splat(255);
  const low = f64x2.mul(f64x2.promote_low_f32x4(four), scale);
  const high = f64x2.mul(f64x2.promote_low_f32x4(v128.shuffle<u32>(four, four, 2, 3, 2, 3)), scale);
  return v128.shuffle<u32>(
    i32x4.trunc_sat_f64x2_s_zero(f64x2.nearest(low)),
    i32x4.trunc_sat_f64x2_s_zero(f64x2.nearest(high)),
    0,
    1,
    4,
    5,
  );
}
