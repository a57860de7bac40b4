import assert from 'node:assert/strict';
import { run } from '../../../src/graph/native/run.js';

describe('run', () => {
  const node = (script: string) => [process.execPath, '-e', script];
  const { env } = process;

  it('returns what the program printed', async () => {
    assert.equal(await run(node('console.log(1); console.error(2)'), { env }), '1\n');
  });

  for (const { name, command, message, timeoutMs } of [
    {
      name: 'a missing program',
      command: ['no-such-program'],
      message: /^no-such-program: .*ENOENT$/,
    },
    {
      name: 'a failure, by its first and last errors',
      command: node(
        "console.error('a.cc:1: error: x\\nerror: y\\nmake: *** Error: z\\nbye'); process.exit(2)",
      ),
      message: /^node ended with code 2: a\.cc:1: error: x \| make: \*\*\* Error: z$/,
    },
    {
      name: 'a failure without an error, by its last lines',
      command: node("console.log('a\\nb\\nc\\nd'); process.exit(1)"),
      message: /^node ended with code 1: b \| c \| d$/,
    },
    {
      name: 'a signal',
      command: node("process.kill(process.pid, 'SIGILL')"),
      message: /^node was stopped by SIGILL: it said nothing$/,
    },
    {
      name: 'a timeout',
      command: node('setTimeout(() => {}, 60_000)'),
      message: /^node: ran too long$/,
      timeoutMs: 100,
    },
  ]) {
    it(`tells of ${name}`, async () => {
      await assert.rejects(run(command, { env, timeoutMs: timeoutMs ?? 20_000 }), { message });
    });
  }
});
