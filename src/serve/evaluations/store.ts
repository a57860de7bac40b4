import type { EvaluationPart } from '../../shared/evaluation-part.js';
import { SegprobeError } from '../../shared/errors.js';
import type { Evaluation, EvaluationPlan, EvaluationState, Outcome } from './evaluation.js';

/** An evaluation that is asked for. */
export interface NewEvaluation {
  readonly id: string;
  readonly timestamp: number;
  readonly plan: EvaluationPlan;
  /** What the client calls this request, and a digest of all that it asks for. */
  readonly idempotency?: { readonly key: string; readonly fingerprint: string } | undefined;
}

/** A page of a list, newest first. */
export interface Page {
  readonly limit: number;
  /** Only those created before the one of this id. */
  readonly before?: string | undefined;
  readonly state?: EvaluationState | undefined;
}

/**
 * Keeps evaluations. Each call changes all that it says or nothing, whatever dies in the middle, and what was answered is
 * kept.
 */
export interface EvaluationStore {
  /**
   * Takes an evaluation in, waiting.
   * @returns its id; that of an earlier one with the same idempotency key and fingerprint.
   * @throws SegprobeError `IDEMPOTENCY_KEY_REUSED` for the key of another request, `QUEUE_FULL` when too many wait.
   */
  create(evaluation: NewEvaluation): Promise<string>;
  find(id: string): Promise<Evaluation | undefined>;
  list(page: Page): Promise<Evaluation[]>;
  /** How many are kept, by state; a state that none is in may be left out. */
  countByState(): Promise<Readonly<Partial<Record<EvaluationState, number>>>>;
  /** The ids of those that wait or are active, oldest first. */
  unfinished(): Promise<string[]>;
  /** Makes a waiting one active. @returns false where it has ended. */
  begin(id: string): Promise<boolean>;
  /** The shards whose part is kept, by number, in order. */
  parts(id: string): Promise<ReadonlyMap<number, EvaluationPart>>;
  /** Keeps the part of a shard, once: a second one of the same shard is passed over. @returns false where it has ended. */
  addPart(id: string, shard: number, part: EvaluationPart): Promise<boolean>;
  /** Ends an evaluation, once, and forgets its parts. @returns false where it had ended before. */
  finish(id: string, outcome: Outcome): Promise<boolean>;
  /** Tells of every change by the evaluation's id, whoever made it; null where any may have changed. @returns what ends that. */
  onChange(listener: (id: string | null) => void): () => void;
  close(): Promise<void>;
}

/** How much a store keeps. */
export const STORE_LIMITS = {
  /** Evaluations that wait or are active; further ones are refused. */
  unfinished: 100,
  /** Those that have ended; the oldest are forgotten. */
  finished: 1000,
  /** How long an idempotency key is known. */
  keyMs: 24 * 3600 * 1000,
} as const;

/** The refusal of an evaluation too many. */
export function tooManyWait(): SegprobeError {
  return new SegprobeError(
    'QUEUE_FULL',
    `expected at most ${STORE_LIMITS.unfinished} evaluations that wait or run, got one more; try again later`,
  );
}

/** The refusal of an idempotency key that another request had. */
export function keyReused(key: string): SegprobeError {
  return new SegprobeError(
    'IDEMPOTENCY_KEY_REUSED',
    `expected a new Idempotency-Key for another request, got ${JSON.stringify(key)} again`,
  );
}
