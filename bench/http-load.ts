import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { createRandom } from '../src/shared/random.js';

export interface Load {
  readonly url: string;
  readonly bodies: readonly Buffer[];
  /** Requests in flight at most. */
  readonly connections: number;
  readonly seconds?: number;
  /** Requests altogether, instead of seconds. */
  readonly amount?: number;
}

/** Requests that come whether or not those before are answered. */
export interface Offer extends Pick<Load, 'url' | 'bodies'> {
  readonly seconds: number;
  /** Requests a second. */
  readonly rate: number;
  /** Whether they come at equal distances or as if of many clients that know nothing of each other (Poisson). */
  readonly arrivals: 'even' | 'random';
}

export interface LoadResult {
  readonly seconds: number;
  /** Milliseconds of each answer, by status, in rising order. */
  readonly latencies: ReadonlyMap<number, readonly number[]>;
}

const HEADERS = { 'content-type': 'image/jpeg', accept: 'image/png' };
const SEED = 1;

/** Posts JPEGs over connections that are kept, the next on each as soon as the last is answered. */
export async function load({
  url,
  bodies,
  connections,
  seconds,
  amount,
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
        // Each connection begins with another picture.
        setupClient: (client) => {
          const turn = turns++ % bodies.length;
          client.setRequests(
            [...bodies.slice(turn), ...bodies.slice(0, turn)].map((body) => ({
              method: 'POST' as const,
              headers: HEADERS,
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
  return resultOf(latencies, started);
}

/**
 * Posts JPEGs at a rate. (autocannon sends all requests of a second at its beginning: they would queue before any server.)
 * Latency counts from when a request was due.
 */
export async function offer({ url, bodies, seconds, rate, arrivals }: Offer): Promise<LoadResult> {
  const latencies = new Map<number, number[]>();
  const agent = new Agent({ keepAlive: true });
  const random = createRandom(SEED);
  const answers: Promise<void>[] = [];
  const started = performance.now();
  let due = started;
  for (let i = 0; due < started + seconds * 1000; i++) {
    const early = due - performance.now();
    if (early > 0) await sleep(early);
    const since = due;
    answers.push(
      post(url, bodies[i % bodies.length]!, agent).then((status) => {
        const own = latencies.get(status) ?? [];
        own.push(performance.now() - since);
        latencies.set(status, own);
      }),
    );
    due += ((arrivals === 'even' ? 1 : -Math.log(1 - random())) * 1000) / rate;
  }
  await Promise.all(answers);
  agent.destroy();
  return resultOf(latencies, started);
}

function post(url: string, body: Buffer, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent, headers: HEADERS }, (response) => {
      response.resume().once('error', reject);
      response.once('end', () => resolve(response.statusCode!));
    });
    sent.once('error', reject).end(body);
  });
}

function resultOf(latencies: Map<number, number[]>, started: number): LoadResult {
  for (const own of latencies.values()) own.sort((a, b) => a - b);
  return { seconds: (performance.now() - started) / 1000, latencies };
}

/** The value below which a share of sorted values lies. */
export function quantile(sorted: readonly number[] | undefined, share: number): number {
  return sorted?.[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
