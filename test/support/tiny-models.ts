import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Manifest, ModelFacts } from '../../src/shared/manifest.js';
import { toMetadataProps } from '../../src/shared/manifest.js';
import {
  encodeModel,
  makeGraph,
  makeModel,
  makeNode,
  makeTensor,
  makeTensorValueInfo,
} from '../../src/shared/onnx/index.js';

/** The facts of the tiny victim: a pixel's class is the strongest of its channels, the first of equal ones. */
export const TINY_FACTS: ModelFacts = {
  kind: 'victim',
  classes: ['red', 'green', 'blue'],
  palette: [
    [200, 30, 40],
    [50, 210, 60],
    [70, 80, 220],
  ],
  ignoreIndex: 255,
  dataset: 'tiny',
  inputSize: { height: 16, width: 24 },
  checkpointSha256: 'c'.repeat(64),
};

export interface TinyVictimOptions {
  readonly facts?: Partial<ModelFacts>;
  /** Convolutions of 64 channels whose outcome is multiplied by zero: the same answer, later. @defaultValue 0 */
  readonly ballast?: number;
}

/**
 * Encodes a real victim of one convolution: logits are the channels times 255, so that labels are known by hand.
 */
export function tinyVictim({
  facts,
  ballast = 0,
}: TinyVictimOptions = {}): Uint8Array<ArrayBuffer> {
  const identity = Float32Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255);
  const same = { pads: { ints: [1, 1, 1, 1] } };
  const layers = Array.from({ length: ballast }, (_, i) =>
    makeNode('Conv', [`h${i}`, 'heavy'], [`h${i + 1}`], same),
  );
  const plain = makeNode('Conv', ['image', 'identity'], [ballast > 0 ? 'channels' : 'logits']);
  const graph = makeGraph({
    name: 'tiny',
    nodes:
      ballast === 0
        ? [plain]
        : [
            plain,
            makeNode('Conv', ['image', 'widen'], ['h0'], same),
            ...layers,
            makeNode('Conv', [`h${ballast}`, 'nothing'], ['zero']),
            makeNode('Add', ['channels', 'zero'], ['logits']),
          ],
    inputs: [makeTensorValueInfo('image', 'float32', ['N', 3, 'H', 'W'])],
    outputs: [makeTensorValueInfo('logits', 'float32', ['N', 3, 'H', 'W'])],
    initializers: [
      makeTensor('identity', 'float32', [3, 3, 1, 1], identity),
      ...(ballast > 0
        ? [
            makeTensor('widen', 'float32', [64, 3, 3, 3], new Float32Array(64 * 27).fill(0.01)),
            makeTensor('heavy', 'float32', [64, 64, 3, 3], new Float32Array(64 * 576).fill(1e-3)),
            makeTensor('nothing', 'float32', [3, 64, 1, 1], new Float32Array(192)),
          ]
        : []),
    ],
  });
  return encodeModel(makeModel(graph, { metadata: toMetadataProps({ ...TINY_FACTS, ...facts }) }));
}

/** The manifest of a model file. */
export function tinyManifest(
  name: string,
  bytes: Uint8Array,
  facts?: Partial<ModelFacts>,
): Manifest {
  return {
    ...TINY_FACTS,
    ...facts,
    name,
    file: {
      name: `${name}.onnx`,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      bytes: bytes.length,
    },
    opset: 17,
    training: {},
    measured: [],
    license: 'made for a test',
    segprobeVersion: '0.0.0',
    createdAt: '2026-01-01T00:00:00Z',
  };
}

/**
 * Writes `NAME.onnx` and `NAME.json`.
 * @returns the path of the ONNX file.
 */
export async function writeTinyVictim(
  folder: string,
  name: string,
  options: TinyVictimOptions = {},
): Promise<string> {
  const bytes = tinyVictim(options);
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, `${name}.onnx`);
  await writeFile(file, bytes);
  const manifest = tinyManifest(name, bytes, options.facts);
  await writeFile(path.join(folder, `${name}.json`), JSON.stringify(manifest));
  return file;
}

/**
 * Encodes a real attacker that adds a constant to each channel, in steps of 8-bit colours (not whole ones either), and cuts off
 * what leaves 0..1.
 */
export function tinyAttacker(
  steps: readonly [red: number, green: number, blue: number],
): Uint8Array {
  const shift = Float32Array.from(steps, (step) => step / 255);
  const graph = makeGraph({
    name: 'tiny attacker',
    nodes: [
      makeNode('Add', ['image', 'shift'], ['shifted']),
      makeNode('Clip', ['shifted', 'black', 'white'], ['attacked']),
    ],
    inputs: [makeTensorValueInfo('image', 'float32', ['N', 3, 'H', 'W'])],
    outputs: [makeTensorValueInfo('attacked', 'float32', ['N', 3, 'H', 'W'])],
    initializers: [
      makeTensor('shift', 'float32', [1, 3, 1, 1], shift),
      makeTensor('black', 'float32', [], Float32Array.of(0)),
      makeTensor('white', 'float32', [], Float32Array.of(1)),
    ],
  });
  const facts: ModelFacts = { ...TINY_FACTS, kind: 'attacker' };
  return encodeModel(makeModel(graph, { metadata: toMetadataProps(facts) }));
}

/** Encodes a real serving form for the tiny victim; one that takes the weakest channel instead gives itself away. */
export function tinyServingForm(
  pick: 'ArgMax' | 'ArgMin',
  facts: Partial<ModelFacts> = {},
): Uint8Array {
  const [float32, uint8] = [{ to: { int: 1 } }, { to: { int: 2 } }];
  const graph = makeGraph({
    name: 'tiny serving form',
    nodes: [
      makeNode('Cast', ['image_u8'], ['floats'], float32),
      makeNode(pick, ['floats'], ['numbers'], { axis: { int: 3 }, keepdims: { int: 0 } }),
      makeNode('Cast', ['numbers'], ['labels'], uint8),
    ],
    inputs: [makeTensorValueInfo('image_u8', 'uint8', ['N', 'H', 'W', 3])],
    outputs: [makeTensorValueInfo('labels', 'uint8', ['N', 'H', 'W'])],
  });
  return encodeModel(makeModel(graph, { metadata: toMetadataProps({ ...TINY_FACTS, ...facts }) }));
}
