/** Pairs that are taken at once: a multiple of sixteen. */
const BLOCK: i32 = 1 << 14;

const given = memory.data(1 << 14, 16);
const predicted = memory.data(1 << 14, 16);
/**
 * Four counters a pair of classes, side by side, which take turns: neighbours are mostly of one class, and would wait for each
 * other's addition.
 */
const counters = memory.data(16 * 256 * 256, 16);

let classCount: i32 = 0;

/** How many pairs are taken at once. */
export function pairsBlock(): i32 {
  return BLOCK;
}

/** Where a block of given classes lies. */
export function givenBytes(): usize {
  return given;
}

/** Where a block of predicted classes lies. */
export function predictedBytes(): usize {
  return predicted;
}

/** Begins to count, of up to 256 classes. */
export function beginPairs(classes: i32): void {
  classCount = classes;
  memory.fill(counters, 0, 16 * classes * classes);
}

/**
 * Counts the first `count` pairs of a block.
 * @returns where a number stands that is no class, and nothing of the block is counted; -1 where all are.
 */
export function countPairs(count: i32): i32 {
  memory.fill(given + count, 0, BLOCK - count);
  memory.fill(predicted + count, 0, BLOCK - count);
  let greatest: v128 = i8x16.splat(0);
  for (let i: i32 = 0; i < count; i += 16) {
    const both = v128.max<u8>(v128.load(given + i), v128.load(predicted + i));
    greatest = v128.max<u8>(greatest, both);
  }
  if (v128.any_true(v128.gt<u8>(greatest, i8x16.splat(<i8>(classCount - 1))))) {
    for (let i: i32 = 0; i < count; i++) {
      if (<i32>load<u8>(given + i) >= classCount) return i;
      if (<i32>load<u8>(predicted + i) >= classCount) return i;
    }
  }
  const whole = count & ~7;
  const classes = i16x8.splat(<i16>classCount);
  for (let i: i32 = 0; i < whole; i += 8) {
    const rows = v128.load_ext<u8>(given + i);
    const pairs = i16x8.add(i16x8.mul(rows, classes), v128.load_ext<u8>(predicted + i));
    increment(i16x8.extract_lane_u(pairs, 0), 0);
    increment(i16x8.extract_lane_u(pairs, 1), 4);
    increment(i16x8.extract_lane_u(pairs, 2), 8);
    increment(i16x8.extract_lane_u(pairs, 3), 12);
    increment(i16x8.extract_lane_u(pairs, 4), 0);
    increment(i16x8.extract_lane_u(pairs, 5), 4);
    increment(i16x8.extract_lane_u(pairs, 6), 8);
    increment(i16x8.extract_lane_u(pairs, 7), 12);
  }
  for (let i = whole; i < count; i++) {
    increment(load<u8>(given + i) * classCount + load<u8>(predicted + i), 0);
  }
  return -1;
}

function increment(pair: i32, turn: usize): void {
  const at = counters + (pair << 4) + turn;
  store<u32>(at, load<u32>(at) + 1);
}

/** How often a pair was counted: given times the number of classes, and predicted. */
export function countOfPair(pair: i32): f64 {
  const at = counters + (pair << 4);
  return (
    <f64>load<u32>(at) + <f64>load<u32>(at, 4) + <f64>load<u32>(at, 8) + <f64>load<u32>(at, 12)
  );
}
