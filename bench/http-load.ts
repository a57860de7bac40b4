import autocannon from 'autocannon';

export interface Load {
  readonly url: string;
  readonly bodies: readonly Buffer[];
  /** Requests in flight at most. */
  readonly connections: number;
  readonly seconds?: number;
  /** Requests altogether, instead of seconds. */
  readonly amount?: number;
  /** Requests a second; as many as are answered unless said. */
  readonly rate?: number;
}

export interface LoadResult {
  readonly seconds: number;
  /** Milliseconds of each answer, by status, in rising order. */
  readonly latencies: ReadonlyMap<number, readonly number[]>;
}

/** Posts JPEGs over connections that are kept. */
export async function load({
  url,
  bodies,
  connections,
  seconds,
  amount,
  rate,
}: Load): Promise<LoadResult> {
  const latencies = new Map<number, number[]>();
  const started = performance.now();
  let turns = 0;
  await new Promise<void>((resolve, reject) => {
    const instance = autocannon(
      {
        url,
        connections,
        ...(amount === undefined ? { duration: seconds! } : { amount }),
        ...(rate !== undefined && { overallRate: rate }),
        // Each connection begins with another picture.
        setupClient: (client) => {
          const turn = turns++ % bodies.length;
          client.setRequests(
            [...bodies.slice(turn), ...bodies.slice(0, turn)].map((body) => ({
              method: 'POST' as const,
              headers: { 'content-type': 'image/jpeg', accept: 'image/png' },
              body,
            })),
          );
        },
      },
      (error) => (error ? reject(error as Error) : resolve()),
    );
    instance.on('response', (...args: unknown[]) => {
      // The typings leave the client out, which comes first.
      const [, status, , milliseconds] = args as [unknown, number, number, number];
      const own = latencies.get(status) ?? [];
      own.push(milliseconds);
      latencies.set(status, own);
    });
  });
  const taken = (performance.now() - started) / 1000;
  for (const own of latencies.values()) own.sort((a, b) => a - b);
  return { seconds: taken, latencies };
}

/** The value below which a share of sorted values lies. */
export function quantile(sorted: readonly number[] | undefined, share: number): number {
  return sorted?.[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
