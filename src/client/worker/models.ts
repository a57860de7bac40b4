import type { InferenceSession, Tensor } from 'onnxruntime-web';
import { argmaxOverClasses } from '../../shared/argmax.js';
import { SegprobeError, messageOf } from '../../shared/errors.js';
import { toImageTensor } from '../../shared/image-tensor.js';
import type { Size } from '../../shared/size.js';
import { fetchModel } from './fetch-model.js';
import type { Engine, ModelSource, Progress, Provider } from './protocol.js';
import { type OnnxRuntime, openRuntime } from './runtime.js';

/** A model that is loaded. */
interface LoadedModel {
  readonly session: InferenceSession;
  readonly classCount: number;
  readonly url: string;
}

/**
 * Loads models and runs them, one run after the other. A run blocks its thread: this lives in a worker of its own, so that
 * pictures are worked on meanwhile.
 */
export class Models {
  #runtime: Promise<OnnxRuntime> | undefined;
  readonly #loaded = new Map<string, Promise<LoadedModel>>();
  /** The end of the run before: sessions run one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * Starts ONNX Runtime.
   * @param runtimeUrl - the folder of its files.
   */
  async start(runtimeUrl: string, wish: Provider | 'auto'): Promise<Engine> {
    this.#runtime ??= openRuntime(runtimeUrl, wish);
    return (await this.#runtime).engine;
  }

  /**
   * Loads a model, once.
   * @returns where from: the form that runs best here.
   * @throws SegprobeError `MODEL_INVALID`, or `FILE_NOT_FOUND` where it cannot be fetched.
   */
  async load(source: ModelSource, onProgress: Progress): Promise<string> {
    const loading = this.#loaded.get(source.name) ?? this.#open(source, onProgress);
    this.#loaded.set(source.name, loading);
    try {
      return (await loading).url;
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
    const { session, classCount } = await this.#find(name);
    const { Tensor } = await this.#runtime!;
    return this.#inTurn(async () => {
      const started = performance.now();
      let labels: Uint8Array;
      if (session.inputNames[0] === 'image_u8') {
        const image = new Tensor('uint8', rgb, [1, height, width, 3]);
        const expected = `uint8 [1,${height},${width}]`;
        labels = (await run(
          session,
          name,
          { image_u8: image },
          { labels: expected },
        )) as Uint8Array;
      } else {
        const image = new Tensor('float32', toImageTensor(rgb), [1, 3, height, width]);
        const expected = `float32 [1,${classCount},${height},${width}]`;
        const logits = await run(session, name, { image }, { logits: expected });
        labels = argmaxOverClasses(logits as Float32Array, classCount);
      }
      return { labels, ms: performance.now() - started };
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
    const { session } = await this.#find(name);
    const { Tensor } = await this.#runtime!;
    return this.#inTurn(async () => {
      const started = performance.now();
      const image = new Tensor('float32', toImageTensor(rgb), [1, 3, height, width]);
      const expected = `float32 [1,3,${height},${width}]`;
      const attacked = await run(session, name, { image }, { attacked: expected });
      return { attacked: attacked as Float32Array, ms: performance.now() - started };
    });
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    // One that failed does not fail the next.
    const turn = this.#turn.catch(() => undefined).then(run);
    this.#turn = turn;
    return turn;
  }

  async #open(source: ModelSource, onProgress: Progress): Promise<LoadedModel> {
    const { name, facts, web } = source;
    if (this.#runtime === undefined) throw new Error('expected a runtime that was started');
    const { open, engine } = await this.#runtime;
    const file = engine.provider === 'wasm' && web !== null ? web : source.file;
    const bytes = await fetchModel(name, file, onProgress);
    onProgress(`Preparing ${name}`);
    try {
      return { session: await open(bytes), classCount: facts.classes.length, url: file.url };
    } catch (cause) {
      throw invalid(name, 'a model that ONNX Runtime loads', messageOf(cause), cause);
    }
  }

  async #find(name: string): Promise<LoadedModel> {
    const model = await this.#loaded.get(name);
    if (model === undefined) throw new Error(`expected ${name} loaded`);
    return model;
  }
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
