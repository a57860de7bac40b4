/**
 * Creates a small seeded generator of uniform numbers in [0, 1): the same sequence on every machine.
 *
 * sfc32 (Chris Doty-Humphrey's Small Fast Chaotic PRNG, PractRand), seeded by four words mixed from `seeds`.
 *
 * @param seeds - any integers; each different list gives an independent sequence (seed, epoch, image number, …).
 */
export function createRandom(...seeds: number[]): () => number {
  let hash = 0x9e3779b9;
  const nextWord = (): number => {
    // splitmix32 over the running hash.
    hash = (hash + 0x9e3779b9) | 0;
    let z = hash ^ (hash >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    return z ^ (z >>> 15);
  };
  for (const seed of seeds) {
    hash = Math.imul(hash ^ (seed | 0), 0x85ebca6b);
    hash = Math.imul(hash ^ Math.floor(seed / 2 ** 32), 0xc2b2ae35);
    hash ^= nextWord();
  }
  let [a, b, c, counter] = [nextWord(), nextWord(), nextWord(), 1];
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}

/** The numbers 0 … count-1 in an order drawn from `random` (Fisher–Yates). */
export function shuffledIndices(count: number, random: () => number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
