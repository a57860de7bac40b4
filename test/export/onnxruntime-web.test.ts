import assert from 'node:assert/strict';
import * as node from 'onnxruntime-node';
import * as web from 'onnxruntime-web/wasm';
import { createAttackerGraph } from '../../src/export/attacker-graph.js';
import { createVictimGraph } from '../../src/export/victim-graph.js';
import { optimize } from '../../src/export/optimize.js';
import { encodeModel, type GraphProto, makeModel } from '../../src/shared/onnx/index.js';
import { assertAllClose } from '../support/all-close.js';
import { attackerCheckpoint } from '../support/attacker-checkpoints.js';
import { randomArray, useNativeTensorFlow } from '../support/tensorflow.js';
import { TOLERANCE } from '../support/tolerances.js';
import { randomEnet } from './enet-checkpoint.js';

const SHAPES = [
  [1, 3, 72, 104],
  [2, 3, 64, 96],
] as const;

/** What browsers run: the same models in WebAssembly, beside the native runtime. */
describe('exported models in onnxruntime-web', function () {
  this.timeout(120_000);
  useNativeTensorFlow(); // Export records with it.

  before(() => {
    web.env.wasm.numThreads = 1; // More would need workers.
  });

  const { weights } = attackerCheckpoint();
  const models: readonly [name: string, output: string, graph: () => GraphProto][] = [
    ['ENet', 'logits', () => createVictimGraph('street', randomEnet(5))],
    ['ENet as of 2018', 'logits', () => createVictimGraph('street', randomEnet(5, 1, 'enet-2018'))],
    [
      'the autoencoder',
      'attacked',
      () =>
        createAttackerGraph('mal', {
          shape: { model: 'autoencoder', height: 240, width: 480 },
          weights,
          weightsFile: 'mal',
        }),
    ],
  ];
  for (const [name, output, graph] of models) {
    it(`computes with ${name} what onnxruntime-node computes`, async () => {
      const onnx = encodeModel(makeModel(optimize(graph())));
      const native = await node.InferenceSession.create(onnx);
      const wasm = await web.InferenceSession.create(onnx, { executionProviders: ['wasm'] });
      for (const shape of SHAPES) {
        const pixels = Float32Array.from(randomArray(shape, shape[2], 0, 1).values);
        const { [output]: expected } = await native.run({
          image: new node.Tensor('float32', pixels, shape),
        });
        const { [output]: actual } = await wasm.run({
          image: new web.Tensor('float32', pixels, shape),
        });
        assert.deepEqual(actual!.dims, expected!.dims);
        assertAllClose(
          actual!.data as Float32Array,
          expected!.data as Float32Array,
          TOLERANCE.sameNetwork,
          `${name} at ${shape}`,
        );
      }
      await Promise.all([native.release(), wasm.release()]);
    });
  }
});
