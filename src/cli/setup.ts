import type { Command } from 'commander';
import { isNativeTensorFlowReady, readLink } from '../graph/native/link.js';
import { ensureNativeTensorFlow, type SetupResult } from '../graph/native/setup.js';
import { messageOf } from '../shared/errors.js';
import type { CommonOptions } from './command.js';
import { printJson, printLine, printMessage } from './output.js';

interface SetupFlags extends CommonOptions {
  readonly gpu?: boolean;
  readonly ifNeeded?: boolean;
}

const WAYS = {
  present: 'it was already set up',
  cache: 'linked from the cache',
  wheel: 'libtensorflow out of its wheel, the binding compiled against it',
  download: "by tfjs-node's own download",
} as const satisfies Record<SetupResult['way'], string>;

/** `segprobe setup`: native TensorFlow for training. */
export function configureSetup(command: Command): void {
  command
    .option('--gpu', 'with CUDA, for an NVIDIA GPU (downloads 3.4 GB, keeps 5.7 GB)')
    .option('--if-needed', 'do nothing when it is set up; warn instead of failing')
    .option('--json', 'print the result as one JSON object')
    .action(setUp);
}

async function setUp(flags: SetupFlags): Promise<void> {
  const isReady = flags.gpu ? readLink() === 'gpu' : isNativeTensorFlowReady();
  if (flags.ifNeeded && isReady) {
    if (flags.json) printJson({ ready: true, way: 'present', variant: readLink() });
    return;
  }
  try {
    const result = await ensureNativeTensorFlow({
      variant: flags.gpu ? 'gpu' : 'cpu',
      say: printMessage,
      showProgress: process.stderr.isTTY === true,
    });
    if (flags.json) printJson({ ready: true, ...result });
    else printLine(describe(result));
    if (flags.gpu && !result.cuda) printMessage(NO_GPU);
  } catch (error) {
    if (!flags.ifNeeded) throw error;
    printMessage(`segprobe: warning: ${messageOf(error)}`);
    printMessage(
      '  Without it training falls back to WebAssembly, which is slower; serving needs none of it.',
    );
    if (flags.json) printJson({ ready: false });
  }
}

const NO_GPU =
  'TensorFlow sees no NVIDIA GPU here, so this CUDA build runs on the CPU. It needs an NVIDIA driver of version 525 or newer ' +
  '(nvidia-smi shows it). `npm run setup` goes back to the smaller CPU build.';

function describe({ tensorflow, cuda, way, seconds }: SetupResult): string {
  const device = cuda ? 'CUDA' : 'CPU';
  return `Native TensorFlow ${tensorflow} (${device}) is ready: ${WAYS[way]}, in ${seconds.toFixed(1)} s.`;
}
