/** Sees to it that evaluations are done. */
export interface Runner {
  /** The queue that others take shards from; none where this process does all. */
  readonly shards?: ShardLoad;
  /** Lets what runs stop, without ending its evaluation. */
  close(): Promise<void>;
}

/** What a queue of shards holds. */
export interface ShardLoad {
  /** Shards by state. */
  count(): Promise<Readonly<Record<string, number>>>;
  /** Who takes them. */
  countWorkers(): Promise<number>;
}
