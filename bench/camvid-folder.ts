import { fileURLToPath } from 'node:url';

/** CamVid's folder: `$SEGPROBE_CAMVID`, or beside the repository. */
export function camvidFolder(): string {
  return (
    process.env['SEGPROBE_CAMVID'] ??
    fileURLToPath(new URL('../../shared/camvid/CamVid', import.meta.url))
  );
}
