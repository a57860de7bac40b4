import type { InferenceSession, Tensor, TensorConstructor } from 'onnxruntime-web';
import { argmaxOverClasses } from '../../shared/argmax.js';
import { SegprobeError, messageOf } from '../../shared/errors.js';
import { fromImageTensor, toImageTensor } from '../../shared/image-tensor.js';
import type { Size } from '../../shared/size.js';
import { fetchModel } from './fetch-model.js';
import { whyNoGraphicsCard } from './graphics-card.js';
import type { Engine, LoadedFrom, ModelSource, Progress, Provider } from './protocol.js';
import { type OnnxRuntime, openRuntime } from './runtime.js';
import { testModel } from './self-test.js';

/** A model that is loaded. */
interface LoadedModel extends LoadedFrom {
  readonly session: InferenceSession;
  readonly Tensor: TensorConstructor;
  readonly classCount: number;
}

/**
 * Loads models and runs them, one run after the other. A run blocks its thread: this lives in a worker of its own, so that
 * pictures are worked on meanwhile.
 */
export class Models {
  readonly #loaded = new Map<string, Promise<LoadedModel>>();
  readonly #runtimes = new Map<Provider, Promise<OnnxRuntime>>();
  #runtimeUrl = '';
  /** Why the graphics card is not used; null while it may be. */
  #whyNoCard: string | null = null;
  /** The end of the run before: sessions run one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * Finds out what models may run on.
   * @param runtimeUrl - the folder of ONNX Runtime's files.
   */
  async start(runtimeUrl: string, wish: Provider | 'auto'): Promise<void> {
    this.#runtimeUrl = runtimeUrl;
    this.#whyNoCard = await whyNoGraphicsCard(wish);
  }

  /**
   * Loads a model, once: on the graphics card where it gives there what is stored of it, or else in WebAssembly.
   * @throws SegprobeError `MODEL_INVALID`, or `FILE_NOT_FOUND` where it cannot be fetched.
   */
  async load(source: ModelSource, onProgress: Progress): Promise<LoadedFrom> {
    const loading = this.#loaded.get(source.name) ?? this.#open(source, onProgress);
    this.#loaded.set(source.name, loading);
    try {
      const { url, engine } = await loading;
      return { url, engine };
    } catch (error) {
      // The next try fetches it anew.
      this.#loaded.delete(source.name);
      throw error;
    }
  }

  /**
   * Takes the class of every pixel.
   *
   * @param rgb - uint8 `[H, W, 3]` flattened.
   * @returns class numbers `[H, W]` flattened, and the time that the model took.
   * @throws SegprobeError `MODEL_INVALID` for a model that is no victim.
   */
  async segment(
    name: string,
    rgb: Uint8Array,
    { height, width }: Size,
  ): Promise<{ labels: Uint8Array; ms: number }> {
    const model = await this.#find(name);
    return this.#inTurn(async () => {
      const started = performance.now();
      return {
        labels: await segment(model, name, rgb, { height, width }),
        ms: performance.now() - started,
      };
    });
  }

  /**
   * Attacks a picture at full strength.
   *
   * @param rgb - uint8 `[H, W, 3]` flattened.
   * @returns float32 `[1, 3, H, W]` flattened, and the time that the model took.
   * @throws SegprobeError `MODEL_INVALID` for a model that is no attacker.
   */
  async attack(
    name: string,
    rgb: Uint8Array,
    { height, width }: Size,
  ): Promise<{ attacked: Float32Array; ms: number }> {
    const model = await this.#find(name);
    return this.#inTurn(async () => {
      const started = performance.now();
      const attacked = await attack(model, name, rgb, { height, width });
      return { attacked, ms: performance.now() - started };
    });
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    // One that failed does not fail the next.
    const turn = this.#turn.catch(() => undefined).then(run);
    this.#turn = turn;
    return turn;
  }

  async #open(source: ModelSource, onProgress: Progress): Promise<LoadedModel> {
    const { name, facts, stored } = source;
    let why = this.#whyNoCard;
    if (why === null && stored !== null) {
      onProgress(`Testing ${name} on the graphics card`);
      try {
        const model = await this.#openOn('webgpu', source, onProgress);
        why = await testModel(stored, async (picture) =>
          facts.kind === 'victim'
            ? segment(model, name, picture.data, picture)
            : fromImageTensor(await attack(model, name, picture.data, picture)),
        );
        if (why === null) return model;
        await model.session.release();
      } catch (error) {
        why = messageOf(error);
      }
      why = `WebGPU: ${why}`;
    }
    const model = await this.#openOn('wasm', source, onProgress);
    return { ...model, engine: { ...model.engine, why } };
  }

  async #openOn(
    provider: Provider,
    { name, facts, file, web }: ModelSource,
    onProgress: Progress,
  ): Promise<LoadedModel> {
    const { open, Tensor, threads, files } = await this.#runtimeOf(provider);
    const chosen = provider === 'wasm' && web !== null ? web : file;
    const bytes = await fetchModel(name, chosen, onProgress);
    onProgress(`Preparing ${name}`);
    const engine: Engine = { provider, threads, files, why: null };
    try {
      const session = await open(bytes);
      return { session, Tensor, classCount: facts.classes.length, url: chosen.url, engine };
    } catch (cause) {
      throw invalid(name, 'a model that ONNX Runtime loads', messageOf(cause), cause);
    }
  }

  #runtimeOf(provider: Provider): Promise<OnnxRuntime> {
    const runtime = this.#runtimes.get(provider) ?? openRuntime(this.#runtimeUrl, provider);
    this.#runtimes.set(provider, runtime);
    return runtime;
  }

  async #find(name: string): Promise<LoadedModel> {
    const model = await this.#loaded.get(name);
    if (model === undefined) throw new Error(`expected ${name} loaded`);
    return model;
  }
}

/** @returns class numbers `[H, W]` flattened. */
async function segment(
  { session, Tensor, classCount }: LoadedModel,
  name: string,
  rgb: Uint8Array,
  { height, width }: Size,
): Promise<Uint8Array> {
  if (session.inputNames[0] === 'image_u8') {
    const image = new Tensor('uint8', rgb, [1, height, width, 3]);
    const expected = `uint8 [1,${height},${width}]`;
    return (await run(session, name, { image_u8: image }, { labels: expected })) as Uint8Array;
  }
  const image = new Tensor('float32', toImageTensor(rgb), [1, 3, height, width]);
  const expected = `float32 [1,${classCount},${height},${width}]`;
  const logits = await run(session, name, { image }, { logits: expected });
  return argmaxOverClasses(logits as Float32Array, classCount);
}

/** @returns float32 `[1, 3, H, W]` flattened. */
async function attack(
  { session, Tensor }: LoadedModel,
  name: string,
  rgb: Uint8Array,
  { height, width }: Size,
): Promise<Float32Array> {
  const image = new Tensor('float32', toImageTensor(rgb), [1, 3, height, width]);
  const expected = `float32 [1,3,${height},${width}]`;
  return (await run(session, name, { image }, { attacked: expected })) as Float32Array;
}

/** Runs a model; its output must be of that name, and of that type and shape. */
async function run(
  session: InferenceSession,
  name: string,
  inputs: Readonly<Record<string, Tensor>>,
  output: Readonly<Record<string, string>>,
): Promise<Tensor['data']> {
  const show = (tensor: Tensor): string => `${tensor.type} [${tensor.dims.join()}]`;
  let values: InferenceSession.OnnxValueMapType;
  try {
    values = await session.run(inputs);
  } catch (cause) {
    const given = Object.entries(inputs).map(([key, tensor]) => `${key} ${show(tensor)}`);
    throw invalid(name, `a model that takes ${given.join()}`, messageOf(cause), cause);
  }
  const [[key, expected]] = Object.entries(output) as [[string, string]];
  const value = values[key];
  if (value === undefined || show(value) !== expected) {
    const found = value ? `${key} ${show(value)}` : `outputs ${session.outputNames.join(', ')}`;
    throw invalid(name, `${key} ${expected}`, found);
  }
  return value.data;
}

function invalid(name: string, expected: string, found: string, cause?: unknown): SegprobeError {
  return new SegprobeError('MODEL_INVALID', `${name}: expected ${expected}, got ${found}`, {
    cause,
  });
}
