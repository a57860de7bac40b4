import { SegprobeError } from '../../shared/errors.js';

/** `BACKEND_UNAVAILABLE` for a device that was asked for. */
export function unavailable(device: string, found: string, cause?: unknown): SegprobeError {
  return new SegprobeError('BACKEND_UNAVAILABLE', `expected --device ${device}, got ${found}`, {
    cause,
  });
}
