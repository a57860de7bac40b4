/**
 * Runs a model on ONNX Runtime's CPU and on its WebGPU: `FILE HEIGHT WIDTH`. Prints how far apart they are as JSON, or
 * `{"adapter": false}`. A process of its own, since Dawn looks for Vulkan where the environment said at the start.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { messageOf } from '../../src/shared/errors.js';

/** What {@link compare} prints. */
export type Comparison =
  | { readonly adapter: false }
  | { readonly adapter: true; readonly difference: number; readonly largest: number };

async function compare(file: string, height: number, width: number): Promise<Comparison> {
  const pixels = Float32Array.from(
    { length: 3 * height * width },
    (_, i) => ((i * 7919) % 997) / 997,
  );
  const image = new Tensor('float32', pixels, [1, 3, height, width]);
  const run = async (provider: 'cpu' | 'webgpu'): Promise<Float32Array> => {
    const options = { executionProviders: [provider], logSeverityLevel: 3 } as const;
    const session = await InferenceSession.create(file, options);
    const outputs = await session.run({ image });
    return (await outputs[session.outputNames[0]!]!.getData()) as Float32Array;
  };
  const expected = await run('cpu');
  let actual: Float32Array;
  try {
    actual = await run('webgpu');
  } catch (error) {
    if (/adapter|vulkan/i.test(messageOf(error))) return { adapter: false };
    throw error;
  }
  let [difference, largest] = [0, 0];
  expected.forEach((value, i) => {
    difference = Math.max(difference, Math.abs(value - actual[i]!));
    largest = Math.max(largest, Math.abs(value));
  });
  return { adapter: true, difference, largest };
}

const [file, height, width] = process.argv.slice(2);
if (file !== undefined) {
  const found = await compare(file, Number(height), Number(width));
  process.stdout.write(`${JSON.stringify(found)}\n`, () => process.exit(0)); // Dawn's threads would go on.
}
