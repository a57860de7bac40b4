/** What `npm run bench -- NAME --json` prints at least; a benchmark adds what it measures besides. */
export interface BenchmarkResult {
  readonly name: string;
  readonly medianSeconds: number;
  readonly peakRssBytes: number;
  /** Another program that was measured in turn with ours. */
  readonly peer?: string;
  readonly peerMedianSeconds?: number;
  /** Ours over the peer's. */
  readonly ratio?: number;
  readonly [key: string]: unknown;
}

/** The middle value; of an even number the mean of the two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The most memory that this process has held so far. */
export function peakRssBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}
