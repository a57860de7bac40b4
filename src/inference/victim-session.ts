import { Tensor } from 'onnxruntime-node';
import type { Size } from '../data/dataset.js';
import { argmaxOverClasses } from '../shared/argmax.js';
import { toImageTensor } from '../shared/image-tensor.js';
import type { Provider } from './provider.js';
import { imageTensor, loadImageModel, runImageModel, runServingForm } from './session.js';

/** Where a victim lies. */
export interface VictimFiles {
  readonly path: string;
  /** Its form that takes and gives bytes, which is faster; null where there is none. */
  readonly servingPath: string | null;
  readonly classCount: number;
}

/** A loaded victim. */
export interface VictimSession {
  /**
   * Takes the class of every pixel.
   * @param rgb - uint8 `[H, W, 3]` flattened.
   * @returns class numbers, uint8 `[H, W]` flattened.
   */
  readonly predict: (rgb: Uint8Array, size: Size) => Promise<Uint8Array>;
}

/**
 * Loads a victim, in its serving form where it has one.
 *
 * @param threads - of the session.
 * @param provider - what it runs on.
 * @throws SegprobeError `MODEL_INVALID` for a file that ONNX Runtime does not load.
 */
export async function loadVictim(
  { path, servingPath, classCount }: VictimFiles,
  threads: number,
  provider: Provider = 'cpu',
): Promise<VictimSession> {
  const model = await loadImageModel(servingPath ?? path, threads, { provider });
  if (servingPath !== null) {
    return {
      predict: (rgb, { height, width }) =>
        runServingForm(model, new Tensor('uint8', rgb, [1, height, width, 3])),
    };
  }
  return {
    predict: async (rgb, size) => {
      const image = imageTensor(toImageTensor(rgb), size);
      const logits = await runImageModel(model, image, { name: 'logits', channels: classCount });
      return argmaxOverClasses(logits, classCount);
    },
  };
}
