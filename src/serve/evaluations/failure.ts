import path from 'node:path';
import { SegprobeError, isSegprobeError } from '../../shared/errors.js';
import type { Outcome } from './evaluation.js';

/** Where files lie that no client need know of. */
interface Places {
  readonly datasets: { withoutFolders(message: string): string };
  readonly uploads: string | null;
}

/** How evaluation `id` ends that threw `error`: told to its client where it is one of ours, else in the log alone. */
export function toFailure(error: unknown, id: string, resources: Places): Outcome {
  if (!isSegprobeError(error)) {
    const failedReason = 'The service failed. Its log says more.';
    return { state: 'failed', failedReason, failedCode: 'INTERNAL' };
  }
  const folder = resources.uploads === null ? null : path.join(resources.uploads, id);
  const { code: failedCode, message: failedReason } = withoutFolders(error, resources, folder);
  return { state: 'failed', failedReason, failedCode };
}

/** An error without the folders of data sets, and without that of an upload: where they lie is no client's business. */
export function withoutFolders(
  error: SegprobeError,
  { datasets }: Pick<Places, 'datasets'>,
  upload: string | null = null,
): SegprobeError {
  const own = upload === null ? error.message : error.message.replaceAll(`${upload}/`, '');
  return new SegprobeError(error.code, datasets.withoutFolders(own), { cause: error });
}
