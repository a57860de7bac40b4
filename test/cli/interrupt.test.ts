import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MODULE = fileURLToPath(new URL('../../src/cli/interrupt.ts', import.meta.url));

/** Runs work under `withInterrupt` in a process and sends it each signal when it has printed the word before. */
async function interrupt(work: string, ...signals: [word: string, signal: NodeJS.Signals][]) {
  const code = `import { withInterrupt } from ${JSON.stringify(MODULE)};
    const say = (text) => process.stdout.write(text + '\\n');
    const alive = setInterval(() => undefined, 1000);
    const result = await withInterrupt(() => say('heard'), async (signal) => { say('ready'); ${work} });
    clearInterval(alive);
    say('result ' + result);
    if (result === 'early') setTimeout(() => undefined, 10_000);`;
  const args = ['--import', 'tsx', '--input-type=module', '-e', code];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  const left = [...signals];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    if (left[0] !== undefined && stdout.includes(left[0][0])) child.kill(left.shift()![1]);
  });
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, lines: stdout.trim().split('\n') };
}

describe('withInterrupt', function () {
  this.timeout(20_000);
  const untilAborted =
    "await new Promise((r) => signal.addEventListener('abort', r)); return 'saved';";

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    it(`aborts the work's signal on ${signal} and waits for it`, async () => {
      const { exitCode, lines } = await interrupt(untilAborted, ['ready', signal]);
      assert.deepEqual(lines, ['ready', 'heard', 'result saved']);
      assert.equal(exitCode, 0);
    });
  }

  it('ends with 130 at once on a second signal', async () => {
    const never = 'await new Promise(() => undefined);';
    const { exitCode, lines } = await interrupt(never, ['ready', 'SIGINT'], ['heard', 'SIGINT']);
    assert.deepEqual(lines, ['ready', 'heard']);
    assert.equal(exitCode, 130);
  });

  it('leaves signals alone afterwards', async () => {
    const { exitCode, lines } = await interrupt("return 'early';", ['result', 'SIGINT']);
    assert.deepEqual([exitCode, lines], [null, ['ready', 'result early']]);
  });
});
