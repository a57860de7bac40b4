import { SegprobeError, messageOf } from '../shared/errors.js';
import type { Provider, ProviderChoice, RunningProvider } from './provider.js';
import { imageTensor, loadImageModel, runImageModel } from './session.js';
import type { WorkerModel } from './worker-protocol.js';

/** A picture to try a provider on, small: some compile a program for each size. */
const SIZE = { height: 64, width: 96 };
/** Numbers differ by rounding, and a few by more where two of a pooling window are equal. */
const [TOLERANCE, LEAST_EQUAL] = [1e-3, 0.99];

/**
 * Tries what was asked for on a model: it must load, run, and give the numbers that the CPU gives. Otherwise it is the CPU.
 *
 * @param model - in its plain form.
 */
export async function chooseProvider(
  choice: ProviderChoice,
  model: WorkerModel,
  threads: number,
): Promise<RunningProvider> {
  const refusals: string[] = [];
  for (const provider of choice === 'auto' ? (['cuda'] as const) : [choice]) {
    if (provider === 'cpu') break;
    try {
      await assertSameNumbers(provider, model, threads);
      return { provider, refusals };
    } catch (error) {
      refusals.push(`${provider}: ${messageOf(error).trim().split('\n')[0]}`);
    }
  }
  return { provider: 'cpu', refusals };
}

async function assertSameNumbers(
  provider: Provider,
  model: WorkerModel,
  threads: number,
): Promise<void> {
  const [ours, cpus] = [await run(provider), await run('cpu')];
  const greatest = cpus.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const equal = cpus.filter((value, i) => Math.abs(value - ours[i]!) <= TOLERANCE * greatest);
  if (equal.length < LEAST_EQUAL * cpus.length) {
    throw new SegprobeError(
      'BACKEND_UNAVAILABLE',
      `expected the CPU's numbers of ${model.name}, got ${cpus.length - equal.length} of ${cpus.length} others`,
    );
  }

  async function run(on: Provider): Promise<Float32Array> {
    const loaded = await loadImageModel(model.path, threads, { provider: on });
    const values = Float32Array.from(
      { length: 3 * SIZE.height * SIZE.width },
      (_, i) => (i % 97) / 96,
    );
    const output =
      model.kind === 'victim'
        ? ({ name: 'logits', channels: model.classCount } as const)
        : ({ name: 'attacked', channels: 3 } as const);
    const found = await runImageModel(loaded, imageTensor(values, SIZE), output);
    await loaded.session.release();
    return found;
  }
}
