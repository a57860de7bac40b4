// Runs the command lines that its argument lists, and prints what each wrote and its exit code.
import { main } from '../../src/cli/main.js';

const outcomes: { code: number; stdout: string; stderr: string }[] = [];
const print = process.stdout.write.bind(process.stdout);
for (const args of JSON.parse(process.argv[2]!) as string[][]) {
  const outcome = { code: 0, stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    process[name].write = (chunk: string | Uint8Array): boolean => {
      outcome[name] += chunk.toString();
      return true;
    };
  }
  outcome.code = await main(args);
  outcomes.push(outcome);
}
print(JSON.stringify(outcomes));
