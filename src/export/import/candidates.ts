import { createAutoencoder } from '../../train/attackers/autoencoder.js';
import { createModel, MODEL_NAMES, type ModelName } from '../../train/models/index.js';
import type { ModelSpec } from '../../train/models/model.js';
import { namedShapes } from '../../train/packing.js';

/** A network that a file's tensors may be. */
export type Candidate = { readonly spec: ModelSpec } & (
  | { readonly kind: 'victim'; readonly model: ModelName; readonly classCount: number }
  | { readonly kind: 'attacker'; readonly model: 'autoencoder' }
);

/** Where there is no last layer to read it off: CamVid's. */
const USUAL_CLASS_COUNT = 12;
const MAX_CLASS_COUNT = 256;

/**
 * Lists every network that PyTorch files are read of, each victim with as many classes as the tensors' own last layer has.
 *
 * @param shapes - the tensors' shapes by name.
 */
export function candidatesFor(shapes: ReadonlyMap<string, readonly number[]>): Candidate[] {
  const victims = MODEL_NAMES.map((model): Candidate => {
    const specOf = (classCount: number): ModelSpec => createModel(model, { classCount }).spec;
    const classCount = classCountIn(shapes, specOf) ?? USUAL_CLASS_COUNT;
    return { kind: 'victim', model, classCount, spec: specOf(classCount) };
  });
  return [...victims, { kind: 'attacker', model: 'autoencoder', spec: createAutoencoder().spec }];
}

/** Reads the number of classes where the network's own shapes change with it. */
function classCountIn(
  shapes: ReadonlyMap<string, readonly number[]>,
  specOf: (classCount: number) => ModelSpec,
): number | undefined {
  const [two, three] = [namedShapes(specOf(2)), namedShapes(specOf(3))];
  for (const [name, shape] of two) {
    const axis = shape.findIndex((size, d) => size !== three.get(name)![d]);
    const found = axis < 0 ? undefined : shapes.get(name)?.[axis];
    if (found !== undefined && found >= 1 && found <= MAX_CLASS_COUNT) return found;
  }
  return undefined;
}
