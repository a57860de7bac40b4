/** Sees to it that evaluations are done. */
export interface Runner {
  /** Lets what runs stop, without ending its evaluation. */
  close(): Promise<void>;
}
