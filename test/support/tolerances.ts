/** How far two numbers may be apart, each with its reason: |actual - expected| <= atol + rtol * |expected|. */
export const TOLERANCE = {
  /** The same number: integers, copies, lossless files. */
  exact: { rtol: 0, atol: 0 },
  /** A handful of float64 operations against arithmetic written out in the test. */
  float64Arithmetic: { rtol: 1e-12, atol: 1e-12 },
  /** One float32 operation, or a short chain, against float64 arithmetic. */
  float32Op: { rtol: 1e-5, atol: 1e-6 },
  /** Sums of up to some hundred float32 products of numbers near 1, and their gradients, against float64 loops. */
  float32Kernel: { rtol: 1e-5, atol: 2e-5 },
  /** The same float32 network run twice by different kernels: rounding grows over fifty layers. */
  sameNetwork: { rtol: 1e-3, atol: 1e-4 },
} as const;
