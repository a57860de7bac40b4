import assert from 'node:assert/strict';

/**
 * Asserts that two lists of numbers agree: |actual - expected| <= atol + rtol * |expected| everywhere; a NaN or an
 * infinity agrees only with itself. Reports the first and the worst place.
 */
export function assertAllClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { rtol, atol }: { readonly rtol: number; readonly atol: number },
  what = 'values',
): void {
  assert.equal(
    actual.length,
    expected.length,
    `${what}: expected ${expected.length} numbers, got ${actual.length}`,
  );
  let first = -1;
  let worst = -1;
  let worstDifference = -1;
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i]!, expected[i]!];
    if (Object.is(a, e) || a === e) continue;
    const difference = Number.isFinite(a) && Number.isFinite(e) ? Math.abs(a - e) : Infinity;
    if (difference <= atol + rtol * Math.abs(e)) continue;
    if (first < 0) first = i;
    if (difference > worstDifference) [worst, worstDifference] = [i, difference];
  }
  if (first < 0) return;
  assert.fail(
    `${what}: expected ${expected[first]} at ${first}, got ${actual[first]}; ` +
      `worst at ${worst}: expected ${expected[worst]}, got ${actual[worst]} (rtol ${rtol}, atol ${atol})`,
  );
}
