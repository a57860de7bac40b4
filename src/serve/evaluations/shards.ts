/** Some scenes in a row that are counted and kept together. */
export interface Shard {
  readonly number: number;
  /** The scenes by index. */
  readonly order: readonly number[];
}

/** As many shards are made where there are as many scenes: enough to keep some workers busy to the end. */
const SHARDS = 32;
/** The scenes that a worker which dies takes with it, at most: they are counted again. */
const MAX_SCENES = 32;

/** How many scenes a shard has, the last one aside. */
export function shardSize(scenes: number): number {
  return Math.min(MAX_SCENES, Math.max(1, Math.ceil(scenes / SHARDS)));
}

/** Divides the scenes of an evaluation, in their order: always alike for as many scenes. */
export function planShards(scenes: number): Shard[] {
  const size = shardSize(scenes);
  return Array.from({ length: Math.ceil(scenes / size) }, (_, number) => ({
    number,
    order: Array.from(
      { length: Math.min(size, scenes - number * size) },
      (_, i) => number * size + i,
    ),
  }));
}
