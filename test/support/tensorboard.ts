import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

/** Skips the suite it is called in, with a line that says so, where Python has no TensorBoard. */
export function useTensorBoard(): void {
  before('finds TensorBoard', function () {
    this.timeout(60_000);
    const found = spawnSync('python3', ['-c', IMPORT]);
    if (found.status === 0) return;
    process.stdout.write('    skipped: python3 has no tensorboard (pip install tensorboard)\n');
    this.skip();
  });
}

/** What TensorBoard shows of a folder: each scalar's steps and values, each picture's steps and size. */
export interface Shown {
  readonly scalars: Readonly<Record<string, readonly [step: number, value: number][]>>;
  readonly images: Readonly<
    Record<string, readonly [step: number, width: number, height: number][]>
  >;
}

/** Reads a folder of events files as TensorBoard does. */
export function readWithTensorBoard(folder: string): Shown {
  const { status, stdout, stderr } = spawnSync('python3', ['-c', SCRIPT, folder], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as Shown;
}

const IMPORT =
  'from tensorboard.backend.event_processing.event_accumulator import EventAccumulator';

const SCRIPT = `
import json, sys
${IMPORT}
events = EventAccumulator(sys.argv[1], size_guidance={'scalars': 0, 'images': 0})
events.Reload()
tags = events.Tags()
print(json.dumps({
    'scalars': {tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in tags['scalars']},
    'images': {tag: [[e.step, e.width, e.height] for e in events.Images(tag)] for tag in tags['images']},
}))
`;
