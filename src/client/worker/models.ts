import type { InferenceSession } from 'onnxruntime-web';
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
   * @throws SegprobeError `MODEL_INVALID`, or `FILE_NOT_FOUND` where it cannot be fetched.
   */
  async load(source: ModelSource, onProgress: Progress): Promise<void> {
    const loading = this.#loaded.get(source.name) ?? this.#open(source, onProgress);
    this.#loaded.set(source.name, loading);
    try {
      await loading;
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
    size: Size,
  ): Promise<{ labels: Uint8Array<ArrayBuffer>; ms: number }> {
    const { classCount } = await this.#find(name);
    return this.#inTurn(async () => {
      const started = performance.now();
      const logits = await this.#run(name, rgb, size, { name: 'logits', channels: classCount });
      return { labels: argmaxOverClasses(logits, classCount), ms: performance.now() - started };
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
    size: Size,
  ): Promise<{ attacked: Float32Array; ms: number }> {
    return this.#inTurn(async () => {
      const started = performance.now();
      const attacked = await this.#run(name, rgb, size, { name: 'attacked', channels: 3 });
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
    const { name, facts, file } = source;
    if (this.#runtime === undefined) throw new Error('expected a runtime that was started');
    const bytes = 'bytes' in file ? file.bytes : await fetchModel(name, file, onProgress);
    const { open } = await this.#runtime;
    onProgress(`Preparing ${name}`);
    try {
      return { session: await open(bytes), classCount: facts.classes.length };
    } catch (cause) {
      throw invalid(name, 'a model that ONNX Runtime loads', messageOf(cause), cause);
    }
  }

  async #find(name: string): Promise<LoadedModel> {
    const model = await this.#loaded.get(name);
    if (model === undefined) throw new Error(`expected ${name} loaded`);
    return model;
  }

  async #run(
    name: string,
    rgb: Uint8Array,
    { height, width }: Size,
    output: { readonly name: 'logits' | 'attacked'; readonly channels: number },
  ): Promise<Float32Array> {
    const { session } = await this.#find(name);
    const { Tensor } = await this.#runtime!;
    const image = new Tensor('float32', toImageTensor(rgb), [1, 3, height, width]);
    let values: InferenceSession.OnnxValueMapType;
    try {
      values = await session.run({ image });
    } catch (cause) {
      throw invalid(
        name,
        `a model that takes image float32 [1,3,${height},${width}]`,
        messageOf(cause),
        cause,
      );
    }
    const value = values[output.name];
    const expected = `${output.name} float32 [1,${output.channels},${height},${width}]`;
    const found = value && `${output.name} ${value.type} [${value.dims.join()}]`;
    if (value === undefined || found !== expected) {
      throw invalid(name, expected, found ?? `outputs ${session.outputNames.join(', ')}`);
    }
    return value.data as Float32Array;
  }
}

function invalid(name: string, expected: string, found: string, cause?: unknown): SegprobeError {
  return new SegprobeError('MODEL_INVALID', `${name}: expected ${expected}, got ${found}`, {
    cause,
  });
}
