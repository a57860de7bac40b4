/** What an upload may hold. */
export interface UploadLimits {
  /** Bytes of the body. */
  readonly maxBytes: number;
  /** Files of an archive, and parts of a form. */
  readonly maxFiles: number;
  /** Bytes of an archive's files once they are unpacked. */
  readonly maxUnpackedBytes: number;
  /** How many times larger than packed a file may be unpacked: pictures hardly shrink, bombs do. */
  readonly maxRatio: number;
  /** Uploads that are received at once. */
  readonly maxAtOnce: number;
}

const MIB = 2 ** 20;

export const UPLOAD_LIMITS: UploadLimits = {
  maxBytes: 1024 * MIB,
  maxFiles: 20_000,
  maxUnpackedBytes: 4096 * MIB,
  maxRatio: 200,
  maxAtOnce: 4,
};
