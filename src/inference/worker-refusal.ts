import { type ErrorCode, SegprobeError, isSegprobeError } from '../shared/errors.js';

/** A refusal on its way between threads: a structured clone keeps neither the class nor the code of an error. */
export interface WorkerRefusal {
  readonly refusal: { readonly code: ErrorCode; readonly message: string };
}

/** In the worker: gives a SegprobeError back as a value; any other error is thrown on. */
export async function refusalAsValue<T>(work: () => Promise<T>): Promise<T | WorkerRefusal> {
  try {
    return await work();
  } catch (error) {
    if (!isSegprobeError(error)) throw error;
    return { refusal: { code: error.code, message: error.message } };
  }
}

/** In the main thread: throws what {@link refusalAsValue} gave back as a value. */
export function throwRefusal<T extends object>(result: T | WorkerRefusal): T {
  if (!('refusal' in result)) return result;
  throw new SegprobeError(result.refusal.code, result.refusal.message);
}
