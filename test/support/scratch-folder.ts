import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Makes a folder for a test, and a function that takes it away. */
export async function scratchFolder(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'segprobe-test-'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
