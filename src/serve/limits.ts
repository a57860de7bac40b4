/** What the service takes from one client, and from all of them. */
export interface Limits {
  /** Bytes of a request's body. */
  readonly maxBodyBytes: number;
  /** Pixels of a picture, refused from its header. */
  readonly maxPixels: number;
  /** Pictures in a request. */
  readonly maxImages: number;
  /** Requests that may wait while others are worked on. */
  readonly maxQueue: number;
  /** Bytes of all bodies that are held at once. */
  readonly maxBufferedBytes: number;
}

const MIB = 2 ** 20;

export const DEFAULT_LIMITS: Limits = {
  maxBodyBytes: 32 * MIB,
  maxPixels: 2 ** 25,
  maxImages: 16,
  maxQueue: 64,
  maxBufferedBytes: 512 * MIB,
};
