import { linkedBinding, type NativeContext } from './context.js';
import { run } from './run.js';

/** What a loaded binding says of itself. */
export interface NativeFacts {
  /** The release of libtensorflow. */
  readonly tensorflow: string;
  /** Whether an NVIDIA GPU is in use. */
  readonly cuda: boolean;
}

// Loads the binding alone (tfjs around it takes four times as long) and sends a number through TensorFlow.
const PROBE = `
const binding = require(process.argv[1]);
const id = binding.createTensor([1], 1, new Float32Array([42]));
const [{ id: copy }] = binding.executeOp('Identity', [{ name: 'T', type: binding.TF_ATTR_TYPE, value: 1 }], [id], 1);
if (binding.tensorDataSync(copy)[0] !== 42) throw new Error('a tensor came back with another value');
process.stdout.write(JSON.stringify({ tensorflow: binding.TF_Version, cuda: binding.isUsingGpuDevice() }));
`;

/**
 * Loads the linked binding in a process of its own: one that does not fit this processor would end ours.
 *
 * @throws Error saying why it does not load.
 */
export async function probeBinding(
  context: Pick<NativeContext, 'packageDir' | 'env'>,
): Promise<NativeFacts> {
  const env = { ...context.env, TF_CPP_MIN_LOG_LEVEL: '2', NODE_OPTIONS: '' };
  const text = await run([process.execPath, '-e', PROBE, linkedBinding(context)], {
    env,
    timeoutMs: 120_000,
  });
  return JSON.parse(text) as NativeFacts;
}
