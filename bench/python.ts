import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where `npm run bench -- setup` puts the peers' packages: beside the repository, which is not to carry gigabytes. */
export const PEERS_FOLDER = fileURLToPath(new URL('../../segprobe-bench-peers', import.meta.url));

/** The Python that peers run in: $SEGPROBE_PYTHON, else that of {@link PEERS_FOLDER} where it is set up, else python3. */
export function peersPython(): string {
  const own = path.join(PEERS_FOLDER, 'bin', 'python');
  return process.env['SEGPROBE_PYTHON'] ?? (existsSync(own) ? own : 'python3');
}
