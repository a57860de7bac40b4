import { randomBytes } from 'node:crypto';
import type { Split } from '../../data/dataset.js';
import type { ClassTable } from '../../shared/classes.js';
import type { ErrorCode } from '../../shared/errors.js';
import type { EvaluationResult } from '../../shared/evaluation.js';
import type { EVALUATION_STATES } from './schemas.js';

export type EvaluationState = (typeof EVALUATION_STATES)[number];

/** What an evaluation of uploaded pictures names as its data set. */
export const UPLOAD = 'upload';

/** What is evaluated; fixed when it is asked for. */
export interface EvaluationPlan {
  readonly dataset: string;
  readonly split: Split;
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
