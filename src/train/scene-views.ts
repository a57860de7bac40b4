import * as tf from '@tensorflow/tfjs';
import type { Size } from '../data/dataset.js';
import type { TensorMeta } from '../graph/graph.js';
import type { TensorMap } from '../graph/program.js';
import type { Views } from './augmentation.js';
import { type Scenes, viewScenes, type ViewTensors } from './kernels/view-scenes.js';

/** The size at which training sees its scenes, where it sees them by `Views`. */
export interface ViewSize extends Size {
  readonly ignoreIndex: number;
}

/** The inputs that a training step takes for its views; none without. */
export function viewInputs(views: ViewSize | undefined, count: number): Record<string, TensorMeta> {
  if (views === undefined) return {};
  return {
    boxes: { dtype: 'float32', shape: [count, 4] },
    colors: { dtype: 'float32', shape: [count, 3, 4] },
  };
}

/** The tensors of those inputs; the caller disposes them. */
export function viewTensors(views: Views | undefined, count: number): TensorMap {
  if (views === undefined) return {};
  return {
    boxes: tf.tensor2d(views.boxes, [count, 4]),
    colors: tf.tensor3d(views.colors, [count, 3, 4]),
  };
}

/** The scenes of a training step's inputs as the network is to see them. */
export function seenScenes(inputs: TensorMap, views: ViewSize | undefined): Scenes {
  const scenes = inputs as unknown as Scenes & ViewTensors;
  return views === undefined ? scenes : viewScenes(scenes, scenes, views, views.ignoreIndex);
}
