import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { SPLITS } from '../../data/dataset.js';
import type { ClassTable } from '../../shared/classes.js';
import type { ErrorCode } from '../../shared/errors.js';
import type { EvaluationResult } from '../../shared/evaluation.js';

/** The states of an evaluation, in BullMQ's words; the last three are for good. */
export const EVALUATION_STATES = ['waiting', 'active', 'completed', 'failed', 'cancelled'] as const;
export type EvaluationState = (typeof EVALUATION_STATES)[number];

/** What an evaluation of uploaded pictures names as its data set. */
export const UPLOAD = 'upload';

const name = z.string().min(1).max(200);
const limit = z.int().positive().max(1_000_000);

/** The body of `POST /evaluations` on a configured data set. */
export const evaluationRequestSchema = z.strictObject({
  /** A data set of `GET /datasets`. */
  dataset: name,
  split: z.enum(SPLITS),
  /** A victim of `GET /models`. */
  victim: name,
  /** An attacker of `GET /attackers`; none for clean pictures alone. */
  attacker: name.nullish(),
  /** How many of the split's first scenes; all without. */
  limit: limit.nullish(),
});

/** What goes beside uploaded pictures: in the query of a zip, or in the form's own fields. */
export const uploadRequestSchema = z.strictObject({
  victim: name,
  attacker: name.optional(),
  /** Which split of the upload, where it has any; what its pictures are called where it has none. */
  split: z.enum(SPLITS).default('val'),
  limit: z
    .string()
    .regex(/^[1-9]\d*$/, 'expected a whole number above 0')
    .transform(Number)
    .pipe(limit)
    .optional(),
});

/** The query of `GET /evaluations`. */
export const listQuerySchema = z.strictObject({
  /** How many at most. */
  limit: z
    .string()
    .regex(/^[1-9]\d{0,2}$/, 'expected a whole number from 1 to 999')
    .transform(Number)
    .default(50),
  /** Only those created before this one, by its id: the next page. */
  before: name.optional(),
  state: z.enum(EVALUATION_STATES).optional(),
});

/** What is evaluated; fixed when it is asked for. */
export interface EvaluationPlan {
  readonly dataset: string;
  readonly split: (typeof SPLITS)[number];
  readonly victim: string;
  readonly attacker: string | null;
  readonly limit: number | null;
  /** Of the model files: whoever counts a part must have the same. */
  readonly sha256: { readonly victim: string; readonly attacker: string | null };
  /** How many scenes, and a digest of their names: whoever counts a part must find the same. */
  readonly scenes: number;
  readonly scenesDigest: string;
  /** The victim's classes, in its order. */
  readonly classTable: ClassTable;
}

/** An evaluation as a store keeps it. Times are in milliseconds since 1970. */
export interface Evaluation {
  readonly id: string;
  readonly state: EvaluationState;
  readonly plan: EvaluationPlan;
  /** When it was asked for, begun and ended. */
  readonly timestamp: number;
  readonly processedOn: number | null;
  readonly finishedOn: number | null;
  /** Scenes that are counted for good. */
  readonly done: number;
  readonly result: EvaluationResult | null;
  readonly failedReason: string | null;
  readonly failedCode: ErrorCode | 'INTERNAL' | null;
  /** Grows with every change. */
  readonly version: number;
}

/** How an evaluation ends. */
export type Outcome =
  | { readonly state: 'completed'; readonly result: EvaluationResult }
  | {
      readonly state: 'failed';
      readonly failedReason: string;
      readonly failedCode: ErrorCode | 'INTERNAL';
    }
  | { readonly state: 'cancelled' };

/** Makes an id that nobody guesses; ids sort by the time that they were made. */
export function createEvaluationId(): string {
  return `${Date.now().toString(36).padStart(9, '0')}-${randomBytes(8).toString('hex')}`;
}

/** Tells whether a state is for good. */
export function isFinished(state: EvaluationState): boolean {
  return state !== 'waiting' && state !== 'active';
}

/** An evaluation as clients see it. */
export function toJson({ id, state, plan, ...own }: Evaluation): object {
  const { dataset, split, victim, attacker, limit, scenes } = plan;
  return {
    ...{ id, state, dataset, split, victim, attacker, limit },
    progress: { done: own.done, total: scenes },
    timestamp: own.timestamp,
    processedOn: own.processedOn,
    finishedOn: own.finishedOn,
    failedReason: own.failedReason,
    failedCode: own.failedCode,
    result: own.result,
  };
}

/** The same without what a list is better off without. */
export function toListJson(evaluation: Evaluation): object {
  const { miou, miouAttacked } = evaluation.result ?? { miou: null, miouAttacked: null };
  return { ...toJson(evaluation), result: undefined, miou, miouAttacked };
}
