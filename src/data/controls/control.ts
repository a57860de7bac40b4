import type { Size } from '../dataset.js';

/** A picture of 8 bits a channel. */
export interface Rgb8 extends Size {
  /** RGB, `[H, W, 3]` flattened. */
  readonly data: Uint8Array;
}

/**
 * A change of pictures that knows no victim: what an attack must be worse than. The stronger, the farther from the picture.
 */
export interface Control {
  readonly name: string;
  /** What `strength` is, for people: its name and unit. */
  readonly unit: string;
  /** The least strength, which changes nothing or next to nothing, and the greatest of use. */
  readonly range: readonly [least: number, greatest: number];
  /** Strengths are whole numbers. */
  readonly isWhole: boolean;
  /**
   * @param seed - what a control that draws draws from.
   * @returns a new picture of the same size.
   */
  apply(picture: Rgb8, strength: number, seed: number): Promise<Uint8Array>;
}
