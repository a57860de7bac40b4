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

/** The Malicious Autoencoder's network with random weights: what it makes of a picture costs the same as the trained one. */
export function randomAttacker(victim: ModelFacts): Uint8Array {
  const random = createRandom(1);
  const weights = (count: number): Float32Array =>
    Float32Array.from({ length: count }, () => random() * 0.2);
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
      makeTensor('encode.weight', 'float32', [8, 3, 3, 3], weights(216)),
      makeTensor('encode.bias', 'float32', [8], weights(8)),
      makeTensor('decode.weight', 'float32', [8, 3, 3, 3], weights(216)),
      makeTensor('black', 'float32', [], Float32Array.of(0)),
      makeTensor('white', 'float32', [], Float32Array.of(1)),
    ],
  });
  return encodeModel(
    makeModel(graph, { metadata: toMetadataProps({ ...victim, kind: 'attacker' }) }),
  );
}
