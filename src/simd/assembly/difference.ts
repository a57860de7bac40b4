/** Bytes that are taken at once: a multiple of sixteen. */
const BLOCK: i32 = 1 << 14;

const a = memory.data(1 << 14, 16);
const b = memory.data(1 << 14, 16);

let squares: u64 = 0;
let greatest: u32 = 0;

/** How many bytes are taken at once. */
export function differenceBlock(): i32 {
  return BLOCK;
}

/** Where a block of the first array lies. */
export function firstBytes(): usize {
  return a;
}

/** Where a block of the second array lies. */
export function secondBytes(): usize {
  return b;
}

/** Compares a block, of which `count` bytes are in their places. */
export function compareBytes(count: i32): void {
  memory.fill(a + count, 0, BLOCK - count);
  memory.fill(b + count, 0, BLOCK - count);
  let sums: v128 = i32x4.splat(0); // At most 1024 times four squares a lane: below 2³².
  let most: v128 = i8x16.splat(0);
  for (let i: i32 = 0; i < count; i += 16) {
    const first = v128.load(a + i);
    const second = v128.load(b + i);
    const difference = v128.sub<u8>(v128.max<u8>(first, second), v128.min<u8>(first, second));
    most = v128.max<u8>(most, difference);
    sums = i32x4.add(
      sums,
      i32x4.add(
        i32x4.extadd_pairwise_i16x8_u(i16x8.extmul_low_i8x16_u(difference, difference)),
        i32x4.extadd_pairwise_i16x8_u(i16x8.extmul_high_i8x16_u(difference, difference)),
      ),
    );
  }
  const four = i64x2.add(i64x2.extend_low_i32x4_u(sums), i64x2.extend_high_i32x4_u(sums));
  squares = i64x2.extract_lane(four, 0) + i64x2.extract_lane(four, 1);
  v128.store(a, most);
  greatest = 0;
  for (let i: i32 = 0; i < 16; i++) greatest = max(greatest, <u32>load<u8>(a + i));
}

/** The sum of the squares of the block's differences, exactly. */
export function sumOfSquares(): f64 {
  return <f64>squares;
}

/** The greatest difference of the block. */
export function greatestDifference(): u32 {
  return greatest;
}
