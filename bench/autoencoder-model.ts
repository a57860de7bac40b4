import {
  encodeModel,
  makeGraph,
  makeModel,
  makeNode,
  makeTensor,
  makeTensorValueInfo,
} from '../src/shared/onnx/index.js';
import { type ModelFacts, toMetadataProps } from '../src/shared/manifest.js';
import { createRandom } from '../src/shared/random.js';

/** The weights of the Malicious Autoencoder's attacker, as PyTorch lays them out. */
export interface AutoencoderWeights {
  /** `[8, 3, 3, 3]` */
  readonly encodeWeight: Float32Array;
  /** `[8]` */
  readonly encodeBias: Float32Array;
  /** `[8, 3, 3, 3]` */
  readonly decodeWeight: Float32Array;
}

/** The Malicious Autoencoder's attacker with random weights: what it makes of a picture costs the same as the trained one. */
export function randomAttacker(victim: ModelFacts): Uint8Array {
  const random = createRandom(1);
  const draw = (count: number): Float32Array =>
    Float32Array.from({ length: count }, () => random() * 0.2);
  const weights = { encodeWeight: draw(216), encodeBias: draw(8), decodeWeight: draw(216) };
  return autoencoderModel(weights, { ...victim, kind: 'attacker' });
}

/** Writes the Malicious Autoencoder's attacker as ONNX, straight from its definition. */
export function autoencoderModel(weights: AutoencoderWeights, facts: ModelFacts): Uint8Array {
  const strided = { strides: { ints: [2, 2] }, pads: { ints: [1, 1, 1, 1] } };
  const graph = makeGraph({
    name: 'attacker',
    nodes: [
      makeNode('Conv', ['image', 'encode.weight', 'encode.bias'], ['code'], strided),
      makeNode('ConvTranspose', ['code', 'decode.weight'], ['decoded'], {
        ...strided,
        output_padding: { ints: [1, 1] },
      }),
      makeNode('Clip', ['decoded', 'black', 'white'], ['attacked']),
    ],
    inputs: [makeTensorValueInfo('image', 'float32', ['N', 3, 'H', 'W'])],
    outputs: [makeTensorValueInfo('attacked', 'float32', ['N', 3, 'H', 'W'])],
    initializers: [
      makeTensor('encode.weight', 'float32', [8, 3, 3, 3], weights.encodeWeight),
      makeTensor('encode.bias', 'float32', [8], weights.encodeBias),
      makeTensor('decode.weight', 'float32', [8, 3, 3, 3], weights.decodeWeight),
      makeTensor('black', 'float32', [], Float32Array.of(0)),
      makeTensor('white', 'float32', [], Float32Array.of(1)),
    ],
  });
  return encodeModel(makeModel(graph, { metadata: toMetadataProps(facts) }));
}
